import DagKit
import DagKitSQL
public import FoundationEssentials

/// The raw answers and the credits that they cost.
extension MarketStore {
    /// Stores the answers of a run, packed, with their hash, once: a retry of the run finds them.
    ///
    /// - Throws: `SQLError` or what the codec throws.
    @discardableResult
    public func save(_ payload: SnapshotPayload, for run: PipelineRun) async throws -> StoredPayload {
        let body = payload.pages.flatMap(\.body)
        let stored = StoredPayload(run: run, payload: payload, hash: SHA256.hex(body))
        let packed = try codec.pack(body)
        let headers = payload.pages.map(StoredPage.init)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let answers = String(decoding: try encoder.encode(headers), as: UTF8.self)
        let encoding = codec.name
        _ = try await database.transaction(.write, durability: .full) { transaction in
            try transaction.execute(
                """
                insert into crypto_raw (dag_id, run_id, source, sha256, encoding, body, size, answers, wanted, fetched_at)
                values (\(run.dagID), \(run.runID), \(payload.source), \(stored.hash), \(encoding), \(packed),
                    \(body.count), \(answers), \(payload.wanted.sqlValue), \(payload.fetchedAt.databaseText))
                on conflict (dag_id, run_id) do update set source = excluded.source, sha256 = excluded.sha256,
                    encoding = excluded.encoding, body = excluded.body, size = excluded.size,
                    answers = excluded.answers, wanted = excluded.wanted, fetched_at = excluded.fetched_at
                """)
        }
        return stored
    }

    /// The answers that a run stored; `nil` if it stored none yet.
    ///
    /// - Throws: ``MarketStoreError`` if they are damaged: the hash is checked.
    public func payload(of run: PipelineRun) async throws -> StoredPayload? {
        let rows = try await database.query(
            "select * from crypto_raw where dag_id = \(run.dagID) and run_id = \(run.runID)")
        guard let row = rows.first else { return nil }
        let encoding: String = try row["encoding"]
        guard encoding == codec.name else {
            throw MarketStoreError.otherCodec(found: encoding, ours: codec.name)
        }
        let body = try codec.unpack(try row["body"], limit: try row["size"])
        let hash: String = try row["sha256"]
        guard SHA256.hex(body) == hash else {
            throw MarketStoreError.damagedBody("another hash than \(hash)")
        }
        let answers: String = try row["answers"]
        let headers = try JSONDecoder().decode([StoredPage].self, from: Data(answers.utf8))
        guard headers.reduce(0, { $0 + $1.size }) == body.count, !headers.isEmpty else {
            throw MarketStoreError.damagedBody("pages that do not add up")
        }
        var start = 0
        let pages = try headers.map { header in
            defer { start += header.size }
            return try header.answer(body: Array(body[start..<start + header.size]))
        }
        let payload = SnapshotPayload(source: try row["source"], pages: pages, wanted: try row["wanted"])
        return StoredPayload(run: run, payload: payload, hash: hash)
    }

    /// The hash of the last snapshot that was loaded from a source, after which a replay goes on.
    public func lastHash(of source: String) async throws -> String? {
        try await database.query(
            """
            select sha256 from crypto_snapshots where source = \(source) and complete
            order by fetched_at desc, snapshot_id desc limit 1
            """
        ).first.map { try $0[0] }
    }

    /// Counts a call before it is made, so that no crash can hide one.
    ///
    /// - Throws: ``CoinCapError/creditsSpent(_:)`` if the month has no credit left; nothing is counted then.
    @discardableResult
    public func reserveCredits(
        _ credits: Int = 1, provider: String = "coincap", limit: Int,
        warning: Int = CreditUsage.standardWarning, now: Date
    ) async throws -> CreditUsage {
        let month = String(now.ds.prefix(7))
        return try await database.transaction(.write, durability: .full) { transaction in
            let rows = try transaction.query(
                "select credits from api_usage where provider = \(provider) and month = \(month)")
            let used: Int = try rows.first.map { try $0[0] } ?? 0
            guard used + credits <= limit else {
                throw CoinCapError.creditsSpent(CreditUsage(used: used, limit: limit, warning: warning))
            }
            try transaction.execute(
                """
                insert into api_usage (provider, month, calls, credits) values (\(provider), \(month), 1, \(credits))
                on conflict (provider, month) do update set calls = api_usage.calls + 1,
                    credits = api_usage.credits + excluded.credits
                """)
            return CreditUsage(used: used + credits, limit: limit, warning: warning)
        }
    }

    /// The credits that a month has used by our own count.
    public func creditUsage(provider: String = "coincap", limit: Int, now: Date) async throws -> CreditUsage {
        let month = String(now.ds.prefix(7))
        let rows = try await database.query(
            "select credits from api_usage where provider = \(provider) and month = \(month)")
        return CreditUsage(used: try rows.first.map { try $0[0] } ?? 0, limit: limit)
    }
}

/// A run of the pipeline, the key of what it stores.
public struct PipelineRun: Hashable, Sendable, Codable {
    /// The DAG.
    public let dagID: String

    /// The run.
    public let runID: String

    /// Creates a key.
    public init(dagID: String = "crypto_data_pipeline", runID: String) {
        self.dagID = dagID
        self.runID = runID
    }
}

/// Answers as they lie in the store.
public struct StoredPayload: Hashable, Sendable {
    /// The run that fetched them.
    public let run: PipelineRun

    /// The answers.
    public let payload: SnapshotPayload

    /// The SHA-256 of the bodies, in hexadecimal.
    public let hash: String

    /// Where the answers lie: the table and the hash.
    public var path: String { "crypto_raw/\(hash)" }
}

/// One answer without its body.
private struct StoredPage: Codable {
    var status: Int
    var headers: [String: String]
    var size: Int
    var fetchedAt: String

    init(_ answer: RawAnswer) {
        status = answer.status
        headers = answer.headers
        size = answer.body.count
        fetchedAt = answer.fetchedAt.databaseText
    }

    func answer(body: [UInt8]) throws -> RawAnswer {
        RawAnswer(status: status, headers: headers, body: body, fetchedAt: try Date(isoText: fetchedAt))
    }
}
