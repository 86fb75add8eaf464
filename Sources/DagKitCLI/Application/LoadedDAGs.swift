import DagKitCore
import DagKitSystem
import FoundationEssentials

/// The DAGs of an executable and of dags.json, checked.
struct LoadedDAGs: Sendable {
    let bag: DAGBag

    /// The time zones that the schedules name.
    let zones: TimeZones

    var specs: [DAGSpec] { bag.specs }

    /// What is wrong, with its place, in the order of the DAGs.
    var problems: [DAGProblem] {
        bag.fileProblems + bag.problems.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    init(bag: DAGBag, zones: TimeZones) {
        self.bag = bag
        self.zones = zones
    }

    init(tool: CommandLineTool, workspace: Workspace) throws {
        let file = try Self.file(tool: tool, workspace: workspace)
        let standard = try workspace.defaultTimeZone()
        let names = DAGBag.timeZoneNames(of: tool.dags, file: file).union([standard].compactMap(\.self))
        zones =
            names.isEmpty
            ? TimeZones()
            : TimeZones(loading: names, from: SystemZones(environment: workspace.system.environment))
        bag = DAGBag(
            compiled: tool.dags, file: file, zones: zones, defaultTimeZone: standard,
            defaults: try workspace.deploymentDefaults(file))
    }

    private static func file(tool: CommandLineTool, workspace: Workspace) throws -> DAGsFile? {
        guard let path = try workspace.bagPath() else { return nil }
        guard let text = try workspace.readText(path) else {
            throw CommandError.notFound("there is no file \"\(path)\"", remedy: "mend core.dags_file")
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return DAGsFile(parsing: text, file: name, registry: tool.operators)
    }

    /// The DAG called `id`.
    ///
    /// - Throws: ``CommandError/noDAG(_:near:)``, ``CommandError/invalidDAG(_:problems:)``.
    func spec(_ id: DAGID) throws(CommandError) -> DAGSpec {
        if let spec = specs.first(where: { $0.id == id }) { return spec }
        if let problems = bag.problems[id] { throw .invalidDAG(id, problems: problems) }
        if !bag.fileProblems.isEmpty { throw .invalidDAG(id, problems: bag.fileProblems) }
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
