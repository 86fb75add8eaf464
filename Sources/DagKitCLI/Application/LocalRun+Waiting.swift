import DagKitCore
import FoundationEssentials

// What tasks of a local run wait for outside it: the run before theirs, which nobody changes meanwhile, and what others may do,
// of which nobody tells this process.

extension LocalRun {
    /// How often to ask how it stands with what tasks wait for, in seconds.
    private static let lookInterval = 1.0

    /// Answers what tasks ask about the run before, which does not change while this run has the home to itself.
    func answer(_ questions: [Int], _ progress: inout Progress) async throws {
        guard let date = progress.machine.run.logicalDate, let query = spec.pastQuery(before: date) else {
            return
        }
        let past = try await store.pastRun(query)
        var answers: [Int: PastAnswer] = [:]
        for task in questions {
            answers[task] = past?.obstacle(to: spec.tasks[task], of: spec).map(PastAnswer.waits) ?? .met
        }
        for (task, answer) in answers {
            if case .waits(let obstacle) = answer { progress.obstacles[task] = obstacle }
        }
        try await settle(.past(answers), &progress)
    }

    /// Gives up a run of which nothing goes on before somebody changes the run before.
    func refuseRest(_ progress: Progress) throws {
        guard let (task, obstacle) = progress.obstacles.min(by: { $0.key < $1.key }), progress.isAtRest else {
            return
        }
        throw CommandError.conflict(
            "task \"\(spec.tasks[task].id)\" \(obstacle.reason)",
            remedy: "clear or mark that one, then start the scheduler")
    }

    func nextLook(_ machine: RunMachine) -> Date? {
        guard !machine.outsideWaits.isEmpty else { return machine.nextDeadline }
        let look = now() + Self.lookInterval
        return machine.nextDeadline.map { min($0, look) } ?? look
    }

    /// Ends the waits whose end the store tells.
    func look(_ progress: inout Progress) async throws {
        for (reference, awaited) in progress.machine.outsideWaits {
            guard let verdict = try await awaited.verdict(asking: StoreTaskMetadata(store)) else { continue }
            try await settle(.awaited(reference, awaited, verdict), &progress)
        }
    }

    /// Waits in the place of the instances that need no process.
    func deferWaits(_ progress: inout Progress) async throws {
        while true {
            let deferrable = progress.waiting.filter { spec.tasks[$0.task].work.deferral != nil }
            if deferrable.isEmpty { return }
            progress.waiting.removeAll(where: deferrable.contains)
            try await settle(.deferred(deferrable), &progress)
            try await look(&progress)
        }
    }
}
