import DagKitCore
import FoundationEssentials

/// `assets …`: the data that tasks update and that DAGs run on.
enum AssetsCommands {
    static let group = CLICommand(
        group: "assets", "Lists, shows and updates assets, and runs the DAGs that do.",
        examples: [
            .init("assets list", "lists the assets, with who updates and who follows them"),
            .init("assets update --name prices --extra '{\"rows\": 12}'", "says that somebody updated one"),
            .init("assets materialize --name prices", "runs the DAG that updates one"),
        ],
        subcommands: [list, details, events, update, materialize])

    static let name = CommandOption<String?>.text("name", "NAME", "The name of the asset.")
    static let uri = CommandOption<String?>.value("uri", "URI", "The URI of the asset.") {
        text throws(ParameterError) in
        do throws(AssetError) {
            return try AssetURI.normalized(text)
        } catch {
            throw ParameterError(text, remedy: error.remedy)
        }
    }

    // MARK: list

    private static let list = CLICommand(
        "list", "Lists the assets by name.",
        examples: [.init("assets list -o json", "for programs")], options: ReportOptions.all
    ) { call in
        var report = Report([
            "name", "uri", "group", "producers", "consumers", "last_update", .init("extra", isWide: true),
            .init("is_active", isWide: true),
        ])
        report.add(
            contentsOf: try await call.assets().map { record in
                [
                    "name": .string(record.asset.name), "uri": .string(record.asset.uri),
                    "group": .string(record.asset.group), "extra": record.asset.extra,
                    "producers": .texts(record.producers.map(\.description)),
                    "consumers": .texts(record.consumers.map(\.rawValue)),
                    "last_update": .instant(record.lastEvent?.at), "is_active": .bool(record.isActive),
                ]
            })
        try call.show(report)
        return .success
    }

    // MARK: details

    private static let details = CLICommand(
        "details", "Shows all that is known of an asset.",
        examples: [.init("assets details --name prices", "with the updates that wait for a run")],
        options: [name, uri] + ReportOptions.all, exitCodes: [.notFound, .conflict]
    ) { call in
        let record = try await call.asset()
        let queue = try await call.storeIfPresent()?.assetQueue() ?? [:]
        let waiting = queue.filter { $0.value[record.asset.uri] != nil }.keys.sorted()
        try call.show(
            Report(object: [
                "name": .string(record.asset.name), "uri": .string(record.asset.uri),
                "group": .string(record.asset.group), "extra": record.asset.extra,
                "is_active": .bool(record.isActive),
                "producers": .texts(record.producers.map(\.description)),
                "readers": .texts(record.readers.map(\.description)),
                "consumers": .texts(record.consumers.map(\.rawValue)),
                "updates_wait_for": .texts(waiting.map(\.rawValue)),
                "last_update": .instant(record.lastEvent?.at),
                "last_update_by": .text(record.lastEvent?.source?.description),
                "created_at": .instant(record.createdAt), "updated_at": .instant(record.updatedAt),
            ]))
        return .success
    }

    // MARK: events

    private static let limit = CommandOption<Int>.integer(
        "limit", short: "n", "N", default: 20, in: 1...100_000, "How many updates to show.")
    private static let dag = CommandOption<DAGID?>.value(
        "dag", short: "d", "ID", "The DAG of --run-id.",
        read: { text throws(ParameterError) in try SharedParameters.identifier(text) })
    private static let runID = CommandOption<RunID?>.value(
        "run-id", short: "r", "ID", "Shows the updates that triggered this run; needs --dag.",
        read: { text throws(ParameterError) in try SharedParameters.identifier(text) })

    private static let events = CLICommand(
        "events", "Lists the newest updates, of one asset or of all.",
        examples: [
            .init("assets events --name prices", "the updates of an asset"),
            .init("assets events -d report -r asset_triggered__2026-01-02T03:04:05+00:00", "of a run"),
        ],
        options: [name, uri, dag, runID, limit] + ReportOptions.all,
        exitCodes: [.notFound, .conflict, .unreachable]
    ) { call in
        var query = AssetEventQuery(limit: call[limit])
        if call[name] != nil || call[uri] != nil { query.uri = try await call.asset().asset.uri }
        if let run = call[runID] {
            guard let dag = call[dag] else { throw UsageError.missingOption("--dag") }
            query.consumer = RunKey(dag, run)
        }
        var report = Report([
            "timestamp", "name", "source", "extra", .init("uri", isWide: true), .init("id", isWide: true),
        ])
        let events = try await call.storeIfPresent()?.assetEvents(query) ?? []
        report.add(contentsOf: events.map(row))
        try call.show(report)
        return .success
    }

    private static func row(_ event: AssetEvent) -> [String: JSONValue] {
        [
            "timestamp": .instant(event.at), "name": .string(event.name), "uri": .string(event.uri),
            "source": .text(event.source?.description), "extra": event.extra, "id": .integer(event.number),
        ]
    }

    // MARK: update

    private static let extra = CommandOption<JSONValue?>.value(
        "extra", short: "e", "JSON", "What the update tells besides: a JSON object."
    ) { text throws(ParameterError) in try SharedParameters.object(text) }

    private static let update = CLICommand(
        "update", "Says that an asset was updated; the DAGs that wait for it run.",
        discussion:
            "With --uri the asset need not be known: an update of one that no DAG names is kept all the same.",
        examples: [
            .init("assets update --name prices", "an asset that a DAG names"),
            .init(
                "assets update --uri s3://market/prices --extra '{\"rows\": 12}'", "with what tasks can read"),
        ],
        options: [name, uri, extra, SharedParameters.format], exitCodes: [.notFound, .conflict, .unreachable]
    ) { call in
        let asset = try await call.updatedAsset()
        let store = try await call.workspace.store()
        try await call.registerDAGs(naming: asset, in: store)
        let told = call[extra] ?? [:]
        _ = try Asset(checking: asset.uri, extra: told)
        let event = try await store.recordAssetUpdate(
            AssetUpdate(asset, at: call.workspace.now, extra: told), by: call.workspace.actor)
        await call.workspace.pokeScheduler()
        var report = Report(["timestamp", "name", "source", "extra", "uri", "id"])
        report.add(row(event))
        try call.acknowledge("asset \(asset.name) updated", report)
        let paused = try await store.pausedDAGs()
        let record = try await store.assets().first { $0.asset.uri == asset.uri }
        for dag in record?.consumers ?? [] where paused.contains(dag) {
            try call.console.note(
                "note: dag \"\(dag)\" is paused and does not run for it; run: dagctl dags unpause \(dag)")
        }
        return .success
    }

    // MARK: materialize

    private static let materialize = CLICommand(
        "materialize", "Asks for a run of the DAG whose task updates an asset.",
        examples: [.init("assets materialize --name prices", "runs what updates it")],
        options: [name, uri, SharedParameters.format], exitCodes: [.notFound, .conflict, .unreachable]
    ) { call in
        let record = try await call.asset()
        let dags = Set(record.producers.map(\.dagID)).sorted()
        guard let only = dags.first, dags.count == 1 else {
            throw dags.isEmpty
                ? CommandError.conflict(
                    "no task updates asset \"\(record.asset.name)\"",
                    remedy: "say that somebody did: dagctl assets update --uri \(record.asset.uri)")
                : CommandError.conflict(
                    "asset \"\(record.asset.name)\" is updated by \(dags.count) dags",
                    remedy:
                        "run one of them: dagctl dags trigger \(dags.map(\.rawValue).joined(separator: "|"))")
        }
        let spec = try call.workspace.dags().spec(only)
        try call.checkParams(nil, of: spec)
        let store = try await call.workspace.store()
        try await call.registerIfNew(spec, in: store)
        let run = try await DagsTriggering.create(call, spec, store)
        await call.workspace.pokeScheduler()
        try call.acknowledge("run \(run.runID) queued (\(run.dagID))", DagsTriggering.report(run))
        if try await store.dag(only)?.isPaused ?? false {
            try call.console.note(
                "note: dag \"\(only)\" is paused, so the run waits; run: dagctl dags unpause \(only)")
        }
        return .success
    }
}

extension Invocation {
    /// The assets of the store, and those of loaded DAGs that no scheduler has registered yet.
    fileprivate func assets() async throws -> [AssetRecord] {
        var records = try await storeIfPresent()?.assets() ?? []
        let known = Set(records.map(\.asset.uri))
        let references = Dictionary(
            uniqueKeysWithValues: try workspace.dags().specs.map { ($0.id, $0.assetReferences) })
        var new: [String: Asset] = [:]
        for reference in references.values.joined() where !known.contains(reference.asset.uri) {
            new[reference.asset.uri] = reference.asset
        }
        if let registered = try await storeIfPresent()?.dags(includingInactive: true).map(\.id) {
            let others = references.filter { !registered.contains($0.key) }
            records = records.map { $0.adding(others) }
        }
        records += new.values.map {
            AssetRecord(
                $0, createdAt: workspace.now, updatedAt: workspace.now, references: references, lastEvent: nil
            )
        }
        return records.sorted { ($0.asset.name, $0.asset.uri) < ($1.asset.name, $1.asset.uri) }
    }

    /// The asset that `--name` or `--uri` names.
    fileprivate func asset() async throws -> AssetRecord {
        let all = try await assets()
        if let uri = self[AssetsCommands.uri] {
            if let found = all.first(where: { $0.asset.uri == uri }) { return found }
            throw missing("uri", uri, among: all.map(\.asset.uri))
        }
        guard let name = self[AssetsCommands.name] else { throw UsageError.missingOption("--name or --uri") }
        let found = all.filter { $0.asset.name == name }
        if found.count > 1 {
            let uris = found.map(\.asset.uri).joined(separator: ", ")
            throw CommandError.conflict(
                "\(found.count) assets are called \"\(name)\"", remedy: "name one by its --uri: \(uris)")
        }
        guard let only = found.first else { throw missing("name", name, among: all.map(\.asset.name)) }
        return only
    }

    private func missing(_ what: String, _ text: String, among all: [String]) -> CommandError {
        let near = NearMiss.nearest(to: text, among: all)
        return .notFound(
            "no asset has the \(what) \"\(text)\"",
            remedy: near.map { "did you mean \"\($0)\"?" } ?? "see all with: dagctl assets list")
    }

    /// The asset that is to be updated; one that is named by its URI need not be known.
    fileprivate func updatedAsset() async throws -> Asset {
        guard let uri = self[AssetsCommands.uri] else { return try await asset().asset }
        let asset = try Asset(checking: uri, name: self[AssetsCommands.name])
        return try await assets().first { $0.asset.uri == asset.uri }?.asset ?? asset
    }

    /// Registers the DAGs that run on an asset, if the store does not know one of them yet.
    fileprivate func registerDAGs(naming asset: Asset, in store: any MetadataStore) async throws {
        for spec in try workspace.dags().specs {
            let follows = spec.configuration.schedule.assetCondition?.assets ?? []
            if follows.contains(where: { $0.uri == asset.uri }) { try await registerIfNew(spec, in: store) }
        }
    }
}
