import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials

/// The DAGs of an executable, checked, with what is wrong with those that cannot be used.
struct LoadedDAGs: Sendable {
    let specs: [DAGSpec]

    /// The problems of DAGs that cannot be used.
    let problems: [DAGID: [DAGProblem]]

    /// What the deployment sets for the tasks of a DAG (`section.key`).
    let settings: [DAGID: [String: String]]

    /// The time zones that the schedules name.
    let zones: TimeZones

    init(tool: CommandLineTool, workspace: Workspace) throws {
        let names = tool.dags.flatMap(\.configuration.schedule.timeZoneNames)
        let zones =
            names.isEmpty
            ? TimeZones()
            : TimeZones(loading: names, from: SystemZones(environment: workspace.system.environment))
        var specs: [DAGSpec] = []
        var problems: [DAGID: [DAGProblem]] = [:]
        for dag in tool.dags {
            do throws(DAGValidationError) {
                specs.append(try Self.spec(of: dag, zones: zones))
            } catch {
                problems[error.dagID, default: []] += error.problems
            }
        }
        self.specs = specs.sorted { $0.id < $1.id }
        self.problems = problems
        settings = [:]
        self.zones = zones
    }

    /// What is wrong, as the store keeps it, by source.
    func importErrors(bundle: String, at now: Date) -> [String: [ImportError]] {
        let lines = problems.sorted { $0.key < $1.key }.flatMap(\.value).map(\.description)
        return [
            bundle: lines.isEmpty
                ? [] : [ImportError(file: bundle, at: now, text: lines.joined(separator: "\n"))]
        ]
    }

    private static func spec(of dag: some DAG, zones: TimeZones) throws(DAGValidationError) -> DAGSpec {
        try DAGSpec(dag, zones: zones)
    }

    /// The DAG called `id`.
    ///
    /// - Throws: ``CommandError/noDAG(_:near:)``, ``CommandError/invalidDAG(_:problems:)``.
    func spec(_ id: DAGID) throws(CommandError) -> DAGSpec {
        if let spec = specs.first(where: { $0.id == id }) { return spec }
        if let problems = problems[id] { throw .invalidDAG(id, problems: problems) }
        throw .noDAG(id.rawValue, near: NearMiss.nearest(to: id.rawValue, among: specs.map(\.id.rawValue)))
    }
}

/// The time zones of this machine.
struct SystemZones: TimeZoneSource {
    let environment: [String: String]

    func tzif(named name: String) throws -> [UInt8]? {
        do {
            return try ZoneInfo.system(directory: environment["TZDIR"]).bytes(of: name)
        } catch ZoneInfoError.unknown {
            return nil
        }
    }
}
