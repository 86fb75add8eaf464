public import FoundationEssentials

/// The DAGs of a deployment, checked: those that are compiled into an executable, with what `dags.json` changes of
/// them, and those that it declares.
public struct DAGBag: Sendable {
    /// The DAGs that can be used, by id.
    public private(set) var specs: [DAGSpec]

    /// What is wrong with those that cannot, by id.
    public let problems: [DAGID: [DAGProblem]]

    /// What is wrong with the file itself.
    public let fileProblems: [DAGProblem]

    /// The name of the file, if there is one.
    public let file: String?

    /// Settings of the file (`section.key`).
    public private(set) var settings: [String: String]

    /// Checks all DAGs.
    ///
    /// - Parameters:
    ///   - zones: The zones of ``timeZoneNames(of:file:)``, and the default one.
    ///   - defaultTimeZone: The zone of schedules that name none; `nil` for UTC.
    ///   - defaults: What holds for DAGs that say nothing of it.
    public init(
        compiled: [any DAG], file: DAGsFile? = nil, zones: TimeZones = TimeZones(),
        defaultTimeZone: String? = nil, defaults: DeploymentDefaults = DeploymentDefaults()
    ) {
        var collector = Collector(zones: zones, defaultTimeZone: defaultTimeZone, defaults: defaults)
        for override in file?.overrides ?? [] { collector.add(override, compiled) }
        for dag in compiled {
            collector.add(dag, override: file?.overrides.first { $0.id == dag.configuration.id })
        }
        for draft in file?.declared ?? [] { collector.add(draft) }
        specs = collector.specs.values.sorted { $0.id < $1.id }
        problems = collector.problems
        fileProblems = file?.problems ?? []
        self.file = file?.file
        settings = file?.settings ?? [:]
    }

    /// Keeps the last good version of what is broken now.
    ///
    /// - Parameter last: The bag of the last file that had no problem.
    public func keeping(_ last: DAGBag) -> DAGBag {
        var bag = self
        if !fileProblems.isEmpty {
            bag.specs = last.specs
            bag.settings = last.settings
        } else {
            bag.specs += last.specs.filter { problems[$0.id] != nil }
            bag.specs.sort { $0.id < $1.id }
        }
        return bag
    }

    /// Whether nothing is wrong.
    public var isSound: Bool { problems.isEmpty && fileProblems.isEmpty }

    /// The time zones that the schedules of these DAGs name.
    public static func timeZoneNames(of compiled: [any DAG], file: DAGsFile?) -> Set<String> {
        compiled.reduce(into: file?.timeZoneNames ?? []) {
            $0.formUnion($1.configuration.schedule.timeZoneNames)
        }
    }

    /// What is wrong, as the store keeps it: by source, an empty list where a source is in order.
    ///
    /// - Parameter bundle: The name of the executable.
    public func importErrors(bundle: String, at now: Date) -> [String: [ImportError]] {
        var byFile: [String: [String]] = [bundle: []]
        if let file { byFile[file] = fileProblems.map(\.description) }
        for (_, found) in problems.sorted(by: { $0.key < $1.key }) {
            for problem in found {
                let source = problem.place.file == file ? problem.place.file : bundle
                byFile[source, default: []].append(problem.description)
            }
        }
        return byFile.mapValues { lines in
            lines.isEmpty ? [] : [ImportError(file: "", at: now, text: lines.joined(separator: "\n"))]
        }.reduce(into: [:]) { errors, entry in
            errors[entry.key] = entry.value.map { ImportError(file: entry.key, at: $0.at, text: $0.text) }
        }
    }

    /// Checks DAG after DAG and keeps what is found.
    private struct Collector {
        let zones: TimeZones
        let defaultTimeZone: String?
        let defaults: DeploymentDefaults
        var specs: [DAGID: DAGSpec] = [:]
        var problems: [DAGID: [DAGProblem]] = [:]

        mutating func add(_ override: DAGOverride, _ compiled: [any DAG]) {
            if !override.problems.isEmpty { problems[override.id, default: []] += override.problems }
            let ids = compiled.map(\.configuration.id)
            guard !ids.contains(override.id) else { return }
            let near = NearMiss.nearest(to: override.id.rawValue, among: ids.map(\.rawValue))
            problems[override.id, default: []].append(
                DAGProblem(
                    at: override.location,
                    "dag \"\(override.id)\" is not compiled into this executable and has no tasks",
                    remedy: near.map { "did you mean \"\($0)\"?" } ?? "give it \"tasks\", or remove the entry"
                ))
        }

        mutating func add(_ dag: any DAG, override: DAGOverride?) {
            var draft = Self.draft(of: dag)
            if let override { draft.configuration = override.applied(to: draft.configuration) }
            guard let spec = checked(draft) else { return }
            guard let again = try? DAGSpec(Self.draft(of: dag), zones: zones),
                again.structureHash == spec.structureHash
            else {
                let problem = DAGProblem(
                    at: draft.configuration.location,
                    "build of dag \"\(spec.id)\" declares other tasks each time",
                    remedy: "let it depend on nothing but the dag's stored properties")
                problems[spec.id, default: []].append(problem)
                return
            }
            keep(spec)
        }

        mutating func add(_ draft: GraphDraft) {
            if let spec = checked(draft) { keep(spec) }
        }

        private static func draft(of dag: any DAG) -> GraphDraft {
            var builder = DAGBuilder(dag.configuration)
            dag.build(&builder)
            return builder.draft
        }

        private mutating func checked(_ draft: GraphDraft) -> DAGSpec? {
            var draft = draft
            draft.configuration.deployment = defaults
            if let defaultTimeZone {
                draft.configuration.schedule =
                    draft.configuration.schedule.inDefaultTimeZone(defaultTimeZone)
            }
            do throws(DAGValidationError) {
                return try DAGSpec(draft, zones: zones)
            } catch {
                problems[error.dagID, default: []] += error.problems
                return nil
            }
        }

        private mutating func keep(_ spec: DAGSpec) {
            guard let other = specs[spec.id] else {
                if problems[spec.id] == nil { specs[spec.id] = spec }
                return
            }
            problems[spec.id, default: []].append(
                DAGProblem(
                    at: spec.location, "dag id \"\(spec.id)\" is already used at \(other.location)",
                    remedy: "rename one of the two"))
            specs[spec.id] = nil
        }
    }
}
