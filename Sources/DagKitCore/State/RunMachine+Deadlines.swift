import FoundationEssentials

extension RunMachine {
    /// The next instant by which the run must be done; `nil` if none lies ahead that is not known to be missed.
    var nextAlert: Date? {
        spec.configuration.deadlines.isEmpty ? nil : openDeadlines.map(\.due).min()
    }

    private var openDeadlines: [(name: String, due: Date)] {
        guard !run.state.isFinished else { return [] }
        return spec.configuration.deadlines.compactMap { deadline in
            guard !run.missedDeadlines.contains(deadline.name), let due = deadline.instant(for: run) else {
                return nil
            }
            return (deadline.name, due)
        }
    }

    /// Notes the deadlines that have passed while the run is not done.
    mutating func missDeadlines(at now: Date) {
        guard !spec.configuration.deadlines.isEmpty else { return }
        for deadline in openDeadlines.filter({ $0.due <= now }).sorted(by: {
            ($0.due, $0.name) < ($1.due, $1.name)
        }) {
            record(
                RunEvent(
                    .deadlineMissed, run: run.key, at: now,
                    reason: "deadline \(deadline.name) was \(deadline.due.isoText)",
                    detail: ["deadline": .string(deadline.name), "due_at": .string(deadline.due.isoText)]))
        }
    }
}
