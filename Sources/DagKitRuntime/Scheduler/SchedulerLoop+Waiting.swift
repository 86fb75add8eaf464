import DagKitCore

extension SchedulerLoop {
    /// Tells the planner how the runs stand that instances wait for, as the store has them: what others wrote and what was
    /// committed a moment ago are the same there.
    mutating func answer(_ looks: [Planner.Look]) async throws {
        var known: [ExternalRunQuestion: [ExternalWait.Run]] = [:]
        for look in looks {
            var runs: [ExternalWait.Run] = []
            for date in look.wait.logicalDates {
                let question = ExternalRunQuestion(
                    query: RunQuery(dagID: look.wait.dagID, logicalDate: date, limit: 1),
                    needsTasks: !look.wait.tasks.isEmpty)
                let found: [ExternalWait.Run]
                if let answer = known[question] { found = answer } else { found = try await ask(question) }
                known[question] = found
                runs += found
            }
            planner.take(runs, for: look, at: clock.now)
        }
    }

    private func ask(_ question: ExternalRunQuestion) async throws -> [ExternalWait.Run] {
        try await persisted("cannot read the runs that tasks wait for") {
            var found: [ExternalWait.Run] = []
            for run in try await store.runs(question.query) {
                found.append(
                    ExternalWait.Run(
                        run, question.needsTasks ? try await store.taskInstances(of: run.key) : []))
            }
            return found
        }
    }
}

/// What the store is asked about a run that somebody waits for.
private struct ExternalRunQuestion: Hashable {
    let query: RunQuery
    let needsTasks: Bool
}
