/// What a task decides, beyond trigger rules, about the tasks that follow it.
public enum SkipRule: Hashable, Sendable {
    /// It chooses among paths: the first task on a path that it does not choose is skipped, unless it also follows
    /// one that was chosen.
    case branch
    /// It says whether the run goes on: if not, what follows is skipped, all of it or the direct downstream tasks
    /// alone.
    case shortCircuit(skipsAll: Bool)
    /// Its direct downstream tasks are skipped in scheduled runs that are not the latest.
    case latestOnly

    /// The name that structures and listings show.
    public var name: String {
        switch self {
        case .branch: "branch"
        case .shortCircuit(true): "short_circuit"
        case .shortCircuit(false): "short_circuit_direct"
        case .latestOnly: "latest_only"
        }
    }

    /// The rule of a name; `nil` if there is none such.
    init?(name: String) {
        let all: [SkipRule] = [
            .branch, .shortCircuit(skipsAll: true), .shortCircuit(skipsAll: false), .latestOnly,
        ]
        guard let rule = all.first(where: { $0.name == name }) else { return nil }
        self = rule
    }
}

/// The paths that a branch chooses among: an enumeration with a text per case.
///
/// ```swift
/// enum Size: String, BranchPath { case small, large }
/// ```
public protocol BranchPath: RawRepresentable, CaseIterable, Codable, Hashable, Sendable
where RawValue == String {}

/// The handle of a branch: gives the handles of its paths, and its decision as a value.
public struct BranchOutput<Path: BranchPath>: Sendable {
    public let producer: TaskID

    /// What a task is declared after that lies on `path`.
    public subscript(path: Path) -> BranchArm { BranchArm(branch: producer, path: path.rawValue) }

    /// The paths that were chosen; a task that is declared after this, or reads it, runs whatever was chosen.
    public var decision: TaskOutput<[Path]> { TaskOutput(producer: producer) }
}

/// One path of a branch, as something to be declared after.
public struct BranchArm: Upstream {
    public let branch: TaskID
    public let path: String

    package init(branch: TaskID, path: String) {
        self.branch = branch
        self.path = path
    }

    public var links: [UpstreamLink] { [UpstreamLink(.task(branch), path: path)] }
}
