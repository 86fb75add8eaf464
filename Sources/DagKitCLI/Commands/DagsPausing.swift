import DagKitCore

/// `dags pause`, `dags unpause`.
enum DagsPausing {
    private static let asRegex = CommandOption<Bool>.flag(
        "treat-dag-id-as-regex", "Takes the id as a pattern that whole ids must match.")

    static let pause = command("pause", "Pauses a DAG: nothing new of it starts.", isPaused: true)
    static let unpause = command("unpause", "Unpauses a DAG: its runs start again.", isPaused: false)

    private static let pattern = CommandArgument<String>.text("dag_id", "The id of the DAG.")

    private static func command(_ name: String, _ abstract: String, isPaused: Bool) -> CLICommand {
        CLICommand(
            name, abstract,
            examples: [
                .init("dags \(name) crypto_data_pipeline", "one DAG"),
                .init("dags \(name) --treat-dag-id-as-regex 'crypto_.*'", "all whose id matches"),
            ],
            arguments: [pattern], options: [asRegex, SharedParameters.confirmed, SharedParameters.format],
            exitCodes: [.notFound, .unreachable]
        ) { call in
            let store = try await call.workspace.store()
            let chosen = try await dags(call, store)
            if call[asRegex], chosen.count > 1 {
                let names = chosen.map(\.rawValue).joined(separator: ", ")
                guard try call.confirm("\(name) \(names)", given: SharedParameters.confirmed) else {
                    return .failure
                }
            }
            let changed = try await store.setPaused(
                isPaused, chosen, by: call.workspace.actor, at: call.workspace.now)
            await call.workspace.pokeScheduler()
            try tell(call, changed: Set(changed), of: chosen, isPaused: isPaused)
            return .success
        }
    }

    private static func dags(_ call: Invocation, _ store: any MetadataStore) async throws -> [DAGID] {
        if call[asRegex] {
            let expression = try Regex(matching: call[pattern], of: "dag_id")
            let own = try call.workspace.dags().specs.map(\.id)
            let known = Set(own + (try await store.dags(includingInactive: false)).map(\.id))
            let chosen = try known.filter { try expression.wholeMatch(in: $0.rawValue) != nil }.sorted()
            guard !chosen.isEmpty else { throw CommandError.noDAG(call[pattern], near: nil) }
            for id in chosen { try await register(id, call, store) }
            return chosen
        }
        let id: DAGID
        do throws(ParameterError) {
            id = try SharedParameters.identifier(call[pattern])
        } catch {
            throw UsageError.invalidValue(error.text, of: "dag_id", remedy: error.remedy)
        }
        try await call.requireDAG(id, in: store)
        try await register(id, call, store)
        return [id]
    }

    private static func register(_ id: DAGID, _ call: Invocation, _ store: any MetadataStore) async throws {
        if let spec = try call.workspace.dags().specs.first(where: { $0.id == id }) {
            try await call.registerIfNew(spec, in: store)
        }
    }

    private static func tell(
        _ call: Invocation, changed: Set<DAGID>, of chosen: [DAGID], isPaused: Bool
    ) throws {
        let word = isPaused ? "paused" : "unpaused"
        if call[SharedParameters.format] == nil {
            for id in chosen {
                try call.console.note(
                    changed.contains(id) ? "dag \(id) \(word)" : "dag \(id) was \(word) already")
            }
            return
        }
        var report = Report(["dag_id", "is_paused"])
        report.add(contentsOf: chosen.map { ["dag_id": .string($0.rawValue), "is_paused": .bool(isPaused)] })
        try call.acknowledge("", report)
    }
}

extension Regex where Output == AnyRegexOutput {
    /// Reads a pattern that a user wrote.
    ///
    /// - Throws: ``UsageError/invalidValue(_:of:remedy:)``.
    init(matching pattern: String, of parameter: String) throws {
        do {
            try self.init(pattern)
        } catch {
            throw UsageError.invalidValue(pattern, of: parameter, remedy: "write a regular expression")
        }
    }
}
