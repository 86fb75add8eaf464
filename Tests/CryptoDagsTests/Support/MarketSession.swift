import CryptoCLI
import CryptoDags
import DagKit
import DagKitCLI
import DagKitPostgres
import DagKitSQL
import FoundationEssentials
import SQLTestSupport
import Synchronization

/// A user at a terminal at noon, whose market lies in a file of the home or on PostgreSQL.
final class MarketSession: Sendable {
    let folder: TemporaryFolder
    private let address: SQLAddress?
    private let texts = Mutex((output: "", errors: ""))

    init(on kind: StoreKind) async throws {
        folder = try TemporaryFolder()
        switch kind {
        case .sqlite: address = nil
        case .postgres: address = try await PostgresCluster.shared.newDatabase()
        }
    }

    /// What a command left behind.
    struct Transcript: CustomStringConvertible {
        let line: String
        let output: String
        let errors: String
        let code: ExitCode

        var description: String {
            let errors = errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            return "$ \(line)\n" + output + errors.map { "2> \($0)\n" }.joined() + "[\(code.rawValue)]\n"
        }
    }

    /// Runs a command line; words may stand in single quotes.
    ///
    /// - Parameters:
    ///   - settings: Settings of the section `[crypto]`.
    ///   - variables: Variables of the deployment.
    func run(
        _ line: String, settings: [String: String] = [:], variables: [String: String] = [:],
        answer: String? = nil
    ) async -> Transcript {
        texts.withLock { $0 = ("", "") }
        let words = line.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap {
            index, part in index % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
        }
        let tool = CommandLineTool(
            dags: [CryptoDataPipeline(), CryptoMonitoring()], bundle: "dagctl", extensions: [.crypto])
        let code = await tool.run(
            program: words[0], arguments: Array(words.dropFirst()), system: host(settings, variables),
            console: console(answer))
        // Where the home lies is another place each time.
        return texts.withLock { texts in
            Transcript(
                line: line, output: texts.output.replacing(folder.path, with: "/srv/home"),
                errors: texts.errors.replacing(folder.path, with: "/srv/home"), code: code)
        }
    }

    /// Opens the store as the commands do.
    func store() async throws -> MarketStore {
        guard let address else { return try await MarketStore.open(inHome: folder.path, now: .noon) }
        return try await MarketStore.open(
            try await PostgresDatabase.open(address), codec: GzipBodyCodec(), now: .noon)
    }

    /// Runs `body` with the store.
    func reading<Value: Sendable>(_ body: (MarketStore) async throws -> Value) async throws -> Value {
        let store = try await store()
        let value = try await body(store)
        await store.database.close()
        return value
    }

    /// Fills the store with snapshots of twenty coins at 9, 10 and 11 o'clock, checked.
    func fill() async throws {
        try await reading { store in
            for index in 0..<3 {
                let time = Date.noon.addingTimeInterval(Double(index - 3) * 3_600)
                let outcome = try await store.ingestGenerated(runID: "r\(index)", at: time, limit: 20)
                let input = try await store.qualityInput(of: outcome.snapshotID, isLive: false, now: time)
                try await store.save(QualityChecks.run(input), snapshotID: outcome.snapshotID, now: time)
            }
        }
    }

    private func host(_ settings: [String: String], _ variables: [String: String]) -> HostView {
        var environment = ["HOME": folder.path, "DAGKIT_HOME": folder.path]
        if let address { environment["DAGKIT_CONN_POSTGRES_DEFAULT"] = Connection(address).uri }
        for (key, value) in settings { environment["DAGKIT__CRYPTO__\(key.uppercased())"] = value }
        for (key, value) in variables { environment["DAGKIT_VAR_\(key.uppercased())"] = value }
        return HostView(
            environment: environment,
            files: FileView(
                workingFolder: folder.path, user: 0, owner: { _ in nil }, readText: { _ in nil }),
            now: { .noon }, userName: { "ada" }, hostName: { "testhost" }, databases: EmptyMetadata())
    }

    private func console(_ answer: String?) -> Console {
        Console(
            inputIsTerminal: answer != nil,
            writer: { stream, text in
                self.texts.withLock { texts in
                    if stream == .output { texts.output += text } else { texts.errors += text }
                }
            }, lineReader: { answer ?? "" })
    }
}

/// A deployment without runs, variables and connections of its own.
private struct EmptyMetadata: DatabaseKeeper {
    let store = InMemoryStore()

    func exists(_ place: DatabasePlace) -> Bool { true }
    func open(_ place: DatabasePlace, at now: Date) async throws -> any MetadataStore { store }
    func state(of place: DatabasePlace) async throws -> DatabaseState { .current(version: 1) }
    func migrate(_ place: DatabasePlace, at now: Date) async throws -> [String] { [] }
    func damage(of place: DatabasePlace) async throws -> [String] { [] }
    func size(of place: DatabasePlace) -> Int64 { 0 }
    func backup(_ place: DatabasePlace, to path: String) async throws {}
    func backups(of place: DatabasePlace) throws -> [String] { [] }
    func restore(_ place: DatabasePlace, from path: String, at now: Date) async throws -> String? { nil }
    func delete(_ place: DatabasePlace) async throws {}
}
