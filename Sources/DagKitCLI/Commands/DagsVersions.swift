import DagKitCore
import FoundationEssentials

/// `dags versions`, `dags source`: the structures that a DAG has had, and how it was written.
enum DagsVersions {
    static let number = CommandOption<Int?>.value(
        "version", "N", "The version that is meant; the newest unless given."
    ) { text throws(ParameterError) in
        guard let number = Int(text), number > 0 else {
            throw ParameterError(text, remedy: "write a number from 1 on, as dags versions shows it")
        }
        return number
    }

    // MARK: versions

    static let versions = CLICommand(
        "versions", "Lists the versions of a DAG, the newest first.",
        discussion:
            "A version is a structure: tasks, their order, their operators. A DAG that gets back one that it had is of that version again. Schedules, retries and other settings make no version.",
        examples: [
            .init("dags versions crypto_data_pipeline", "what changed, and when"),
            .init("dags show crypto_data_pipeline --version 1", "draws one of them"),
        ],
        arguments: [SharedParameters.dagID], options: ReportOptions.all, exitCodes: [.notFound]
    ) { call in
        let id = call[SharedParameters.dagID]
        let store = try await call.storeIfPresent()
        try await call.requireDAG(id, in: store)
        let versions = try await store?.versions(of: id) ?? []
        var report = Report([
            "version", "created_at", "tasks", "change", "executable", "structure_hash",
            .init("bundle", isWide: true), .init("last_registered", isWide: true),
            .init("is_declared", isWide: true), .init("executable_hash", isWide: true),
        ])
        for (place, version) in versions.enumerated().reversed() {
            report.add(row(version, before: place > 0 ? versions[place - 1] : nil))
        }
        try call.show(report)
        return .success
    }

    private static func row(_ version: DAGVersion, before: DAGVersion?) -> [String: JSONValue] {
        [
            "version": .count(version.number), "created_at": .instant(version.createdAt),
            "tasks": .count(version.tasks.count), "change": .text(before.map(version.changes)),
            "executable": .text(version.executableHash.map { String($0.prefix(12)) }),
            "structure_hash": .string(version.structureHash), "bundle": .string(version.bundle),
            "last_registered": .instant(version.lastRegistered),
            "is_declared": .bool(version.source != nil), "executable_hash": .text(version.executableHash),
        ]
    }

    // MARK: source

    static let source = CLICommand(
        "source", "Prints how a DAG is written: its entry of dags.json, or the file and line of each task.",
        discussion:
            "What a declared DAG is written as goes to the output as it is; with -o the places of its tasks are listed, as they are for compiled DAGs.",
        examples: [
            .init("dags source crypto_data_pipeline", "where each task is written"),
            .init("dags source housekeeping --version 2", "the entry of dags.json as it was"),
        ],
        arguments: [SharedParameters.dagID], options: [number, SharedParameters.format],
        exitCodes: [.notFound]
    ) { call in
        let written = try await written(call)
        if let text = written.source, call[SharedParameters.format] == nil {
            try call.console.print(text)
            return .success
        }
        var report = Report(["task_id", "location"])
        report.add(
            contentsOf: written.tasks.map { ["task_id": .string($0.rawValue), "location": .string($1)] })
        let writer = ReportWriter(format: call[SharedParameters.format] ?? .table, width: call.console.width)
        try call.console.write(writer.text(of: report))
        return .success
    }

    /// The text and the places of the version that is meant; those of this executable if no other is.
    private static func written(
        _ call: Invocation
    ) async throws -> (source: String?, tasks: [(TaskID, String)]) {
        let id = call[SharedParameters.dagID]
        if call[number] == nil, let spec = try call.workspace.dags().specs.first(where: { $0.id == id }) {
            return (spec.source, spec.tasks.map { ($0.id, $0.location.description) })
        }
        let version = try await call.version(call[number], of: id)
        return (version.source, version.tasks.map { ($0.id, $0.location) })
    }
}

extension Invocation {
    /// The version of a number, or the one that the DAG has now.
    ///
    /// - Throws: ``CommandError/noDAG(_:near:)``, ``CommandError/notFound(_:remedy:)``.
    func version(_ number: Int?, of id: DAGID) async throws -> DAGVersion {
        let store = try await storeIfPresent()
        try await requireDAG(id, in: store)
        let versions = try await store?.versions(of: id) ?? []
        let current = try await store?.dag(id)?.structureHash
        let found = versions.first { version in
            number.map { $0 == version.number } ?? (version.structureHash == current)
        }
        if let found { return found }
        let name = number.map { "version \($0)" } ?? "version"
        throw CommandError.notFound(
            "dag \"\(id)\" has no \(name)",
            remedy: versions.isEmpty
                ? "none is stored before the scheduler has run once"
                : "see those that it has with: dagctl dags versions \(id)")
    }
}
