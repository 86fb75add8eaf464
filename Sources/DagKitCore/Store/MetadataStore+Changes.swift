public import FoundationEssentials

extension MetadataStore {
    /// Changes a run as it stands in the store, by the same machine that the scheduler uses.
    ///
    /// Where somebody else changes the run meanwhile, it is read and changed anew. A run that has ended keeps the
    /// structure that it followed, unless it starts anew. The change survives a power cut.
    /// The scheduler should be woken afterwards: it carries out what the change asks for.
    ///
    /// - Parameter event: What is to happen to the run, made from it as it stands; `nil` for nothing.
    /// - Returns: The run after the change, with what was decided; `nil` if there is no such run.
    /// - Throws: ``RunChangeError/contended(_:)`` after ten tries.
    public func change(
        _ run: RunKey, of spec: DAGSpec, at now: Date,
        _ event: @Sendable (RunMachine) -> RunMachine.Event?
    ) async throws -> RunChange? {
        for _ in 0..<10 {
            guard let found = try await snapshot(of: run) else { return nil }
            var machine = RunMachine(found, of: spec, at: now)
            var asked = event(machine)
            if asked?.startsAnew == false, found.run.state.isFinished,
                let own = try await ownSpec(of: found.run, spec)
            {
                machine = RunMachine(found, of: own, at: now)
                asked = event(machine)
            }
            let step = asked.map { machine.advance($0, at: now) } ?? RunMachine.Step()
            let change = RunChange(machine: machine, step: step)
            guard !step.events.isEmpty, let batch = machine.takeBatch() else { return change }
            if try await commit([batch], durability: .full).conflicts.isEmpty { return change }
        }
        throw RunChangeError.contended(run)
    }

    /// The structure that a run followed, where its DAG has another one by now and it is known.
    private func ownSpec(of run: DAGRun, _ spec: DAGSpec) async throws -> DAGSpec? {
        guard run.structureHash != spec.structureHash else { return nil }
        return try await version(of: run.dagID, hash: run.structureHash).flatMap { DAGSpec($0) }
    }
}

/// What became of a run that somebody changed.
public struct RunChange: Sendable {
    public let machine: RunMachine

    /// What was decided; empty if the run was so already.
    public let step: RunMachine.Step
}

/// Why a run cannot be changed.
public enum RunChangeError: DagKitError, Equatable {
    case contended(RunKey)

    public var problem: String {
        switch self {
        case .contended(let run): "run \"\(run)\" is changed by others all the time"
        }
    }

    public var remedy: String { "try again" }
}
