import CryptoDags
import DagKit
import DagKitPostgres
import FoundationEssentials
import SQLTestSupport

/// The databases that a market store can live on; what one can do, the other can.
enum StoreKind: CaseIterable, Sendable {
    case sqlite, postgres

    /// An empty database.
    func database() async throws -> any SQLDatabase {
        switch self {
        case .sqlite: return SQLiteDatabase.inMemory()
        case .postgres:
            let address = try await PostgresCluster.shared.newSchema()
            return try await PostgresDatabase.open(address, configuration: PostgresConfiguration(poolSize: 2))
        }
    }
}

extension MarketStore {
    /// An empty store.
    static func fixture(on kind: StoreKind = .sqlite) async throws -> MarketStore {
        try await open(try await kind.database(), codec: PlainBodyCodec(), now: .noon)
    }

    /// Runs extraction and load as the pipeline does.
    @discardableResult
    func ingest(
        _ body: [UInt8], source: String = "test", runID: String, at now: Date, wanted: Int? = nil
    ) async throws -> LoadOutcome {
        let answer = RawAnswer(headers: ["Content-Type": "application/json"], body: body, fetchedAt: now)
        let payload = SnapshotPayload(source: source, pages: [answer], wanted: wanted)
        let stored = try await save(payload, for: PipelineRun(runID: runID))
        let content = try SnapshotContent(payload)
        let snapshot = SnapshotProcessor().process(content.assets, timestamp: content.apiTimestamp ?? now)
        return try await load(SnapshotLoad(stored, content: content, snapshot: snapshot, now: now))
    }

    /// A run of the generated market.
    @discardableResult
    func ingestGenerated(
        seed: UInt64 = 1, runID: String, at now: Date, limit: Int = 50
    ) async throws -> LoadOutcome {
        let body = GeneratedMarket(seed: seed).document(at: now, limit: limit)
        return try await ingest(body, source: "generated:\(seed)", runID: runID, at: now, wanted: limit)
    }

    /// The only value of the only row.
    func value<Value: SQLConvertible>(_ statement: SQLStatement) async throws -> Value {
        try await database.query(statement)[0][0]
    }
}

/// A codec that shows whether it was asked: each byte is turned around.
struct TurningCodec: BodyCodec {
    let name = "turned"
    func pack(_ bytes: [UInt8]) -> [UInt8] { bytes.map { ~$0 } }
    func unpack(_ bytes: [UInt8], limit: Int) -> [UInt8] { bytes.map { ~$0 } }
}
