import CryptoDags
import DagKit
import DagKitCLI
import FoundationEssentials

/// `crypto demo`: both workflows in a home of their own, without network, key or scheduler.
enum DemoCommand {
    private static let folder = CommandOption<String?>.text(
        "to", "DIR", "The home that is filled; .dagkit-demo in this folder unless given.")
    private static let days = CommandOption<Int>.integer(
        "days", short: "d", "N", default: 3, in: 0...35, "How many days of an invented past come first.")
    private static let seed = CommandOption<Int>.integer(
        "seed", "N", default: 1, in: 0...1_000_000, "The invented market; equal seeds give equal markets.")
    private static let replay = CommandOption<String?>.text(
        "replay", "DIR", "Takes the recorded answers of a folder in place of an invented market.")

    static let command = CLICommand(
        "demo", "Fills a home with a market and runs both workflows once, offline.",
        discussion:
            """
            The past of an invented market is loaded as the pipeline would have, a snapshot each half hour. Then \
            crypto_data_pipeline and crypto_monitoring run to their end, and the report is shown. No mail is sent.
            """,
        examples: [
            .init("crypto demo", "three days of an invented market"),
            .init(
                "crypto demo --replay recorded --to /var/tmp/demo", "recorded answers, in a home elsewhere"),
        ],
        options: [folder, days, seed, replay], exitCodes: [.conflict]
    ) { call in
        let home = absolute(call[folder] ?? ".dagkit-demo")
        let source = call[replay].map { "replay:\(absolute($0))" } ?? "generated:\(call[seed])"
        let code = try await MarketAccess.opened(.home(home), call) { store in
            if let other = try await store.activeSource(), other != source {
                throw MarketCommandError.homeInUse(home, source: other)
            }
            if call[replay] == nil {
                let count = try await loadPast(store, call)
                try call.console.note("\(count) snapshots of \(call[days]) days loaded")
            }
            return .success
        }
        guard code == .success else { return code }
        let run = DemoRun(home: home, source: source, call: call)
        for dag in [CryptoDataPipeline(), CryptoMonitoring()] as [any DAG] {
            guard try await run.run(dag) else { return .failure }
        }
        try await run.showReport()
        try run.makeConfiguration()
        try call.console.note(
            "the home is \(home); to look on: dagctl --home \(home) crypto history BTC")
        return .success
    }

    private static func loadPast(_ store: MarketStore, _ call: Invocation) async throws -> Int {
        let source = GeneratedSource(seed: UInt64(call[seed]))
        let end = (call.workspace.now.timeIntervalSince1970 / 1_800).rounded(.down) * 1_800
        let latest = try await store.latestSnapshot(source: source.name)?.fetchedAt ?? .distantPast
        var count = 0
        for step in stride(from: call[days] * 48, to: 0, by: -1) {
            try Task.checkCancellation()
            let time = Date(timeIntervalSince1970: end - Double(step) * 1_800)
            guard time > latest else { continue }
            let payload = try await source.fetch(MarketRequest(now: time))
            let stored = try await store.save(payload, for: PipelineRun(runID: "demo__\(time.isoText)"))
            let content = try SnapshotContent(payload)
            let snapshot = SnapshotProcessor().process(
                content.assets, timestamp: content.apiTimestamp ?? time)
            let outcome = try await store.load(
                SnapshotLoad(stored, content: content, snapshot: snapshot, now: time))
            let input = try await store.qualityInput(of: outcome.snapshotID, isLive: false, now: time)
            try await store.save(QualityChecks.run(input), snapshotID: outcome.snapshotID, now: time)
            count += 1
        }
        return count
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        return FileManager.default.currentDirectoryPath + "/" + path
    }
}

/// The runs of a demonstration, in this process.
private struct DemoRun {
    let home: String
    let source: String
    let call: Invocation

    /// Runs a DAG once; says which task failed if one did.
    func run(_ dag: any DAG) async throws -> Bool {
        let spec = try DAGSpec(dag)
        let workspace = call.workspace
        var services = TaskServices(
            metadata: DemoMetadata(), settings: DemoSettings(source: source), home: home)
        services[MarketClock.self] = MarketClock(now: { workspace.now })
        let rehearsal = Rehearsal(services: services, now: { workspace.now }) { _ in
            TaskLogger { _, _, _ in }
        }
        let result = try await rehearsal.run(
            .manual(spec, by: call.workspace.actor, at: call.workspace.now), of: spec)
        for instance in result.instances where instance.state == .failed {
            try call.console.note("\(spec.id) \(instance.key.taskID) failed: \(instance.reason ?? "")")
        }
        let green = result.instances.count { $0.state == .success }
        try call.console.note(
            "\(spec.id): \(result.run.state.rawValue), \(green) of \(spec.tasks.count) tasks")
        return result.run.state == .success
    }

    func showReport() async throws {
        _ = try await MarketAccess.opened(.home(home), call) { store in
            let latest = try await MarketAccess.latest(store)
            guard let report = try await store.report(date: latest.dateImport, source: source) else {
                throw MarketCommandError.noReport(date: latest.dateImport)
            }
            try call.console.print(report.text)
            return .success
        }
    }

    /// Writes the source into the home's dagkit.cfg, unless there is one, so that a scheduler goes on with it.
    func makeConfiguration() throws {
        let path = "\(home)/dagkit.cfg"
        guard !FileManager.default.fileExists(atPath: path) else { return }
        try "[crypto]\nsource = \(source)\n".write(toFile: path, atomically: true, encoding: .utf8)
    }
}

/// A demonstration has no variables and connections.
private struct DemoMetadata: TaskMetadata {
    func variable(_ key: String) async throws -> String? { nil }
    func connection(_ id: String) async throws -> Connection? { nil }
    func outputs(of task: TaskID, key: String, in run: RunKey) async throws -> [XCom] { [] }
}

/// A demonstration reads one source and sends no mail.
private struct DemoSettings: Settings {
    let source: String

    func value(_ section: String, _ key: String) -> String? {
        switch (section, key) {
        case ("crypto", "source"): source
        case ("crypto", "recipients"): ""
        default: nil
        }
    }
}
