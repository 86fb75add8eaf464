import DagKitCore
import FoundationEssentials

/// When a run is late, told anew from its DAG and what it was before an event.
enum DeadlineCheck {
    /// What is wrong with an event that tells of a missed deadline; `nil` if nothing is.
    static func problem(_ event: RunEvent, _ before: RunFold) -> String? {
        let name = event.detail["deadline"]?.string ?? ""
        guard let deadline = before.spec.configuration.deadlines.first(where: { $0.name == name }),
            let due = deadline.instant(for: before.run)
        else { return "misses a deadline \"\(name)\" that it does not have" }
        if before.run.missedDeadlines.contains(name) { return "misses deadline \(name) again" }
        if before.run.state.isFinished { return "misses deadline \(name) after its end" }
        return due <= event.at ? nil : "misses deadline \(name) before \(due.isoText)"
    }

    /// What is wrong with a run that is open at an instant; `nil` if nothing is.
    static func silence(of fold: RunFold, at now: Date) -> String? {
        let open = fold.spec.configuration.deadlines.first { deadline in
            !fold.run.missedDeadlines.contains(deadline.name)
                && deadline.instant(for: fold.run).map { $0 <= now } ?? false
        }
        return open.map { "is late by deadline \($0.name), and nobody said so" }
    }
}
