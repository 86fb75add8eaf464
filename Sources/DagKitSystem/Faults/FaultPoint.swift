import Glibc
import Synchronization

/// A labelled step in the life of an attempt at which a test can let the process die as by `kill -9`.
///
/// ```swift
/// FaultPoint.lockTaken.pass()
/// ```
/// It is switched by the environment: `DAGKIT_FAULT=supervisor.lock_taken:2` ends the process at the second passing of
/// that point, `DAGKIT_FAULT=*:7` at the seventh passing of any point. With `DAGKIT_FAULT_TRACE=FILE` passings are counted
/// over all processes that name the same file, which gets the label of each. Without the variable a passing costs one look at
/// a flag.
package enum FaultPoint: String, CaseIterable, Sendable {
    // The scheduler, around each commit and each word to the executor.
    case creating = "scheduler.creating"
    case created = "scheduler.created"
    case dispatching = "scheduler.dispatching"
    case dispatched = "scheduler.dispatched"
    case ordering = "scheduler.ordering"
    case ordered = "scheduler.ordered"
    case recording = "scheduler.recording"
    case recorded = "scheduler.recorded"
    case acknowledging = "scheduler.acknowledging"
    case acknowledged = "scheduler.acknowledged"

    // The supervisor.
    case orderReceived = "supervisor.order_received"
    case lockTaken = "supervisor.lock_taken"
    case workerTold = "supervisor.worker_told"
    case outcomeReceived = "supervisor.outcome_received"
    case outcomeKept = "supervisor.outcome_kept"
    case outcomeWritten = "supervisor.outcome_written"

    // The worker.
    case attemptReceived = "worker.attempt_received"
    case workBegins = "worker.work_begins"
    case workEnded = "worker.work_ended"
    case outcomeReported = "worker.outcome_reported"

    private static let plan = FaultPlan.ofProcess

    /// Whether this process may die at a point, for callers that must look before they know which point they pass.
    package static var isArmed: Bool { plan != nil }

    /// Goes on, unless this is the passing at which the process is to die.
    package func pass() {
        if let plan = Self.plan { plan.pass(self) }
    }
}

/// At which passing of which point this process dies.
final class FaultPlan: Sendable {
    /// The point; `nil` for any.
    private let point: String?
    private let passing: Int
    private let trace: String?
    private let count = Atomic(0)

    /// The label of a passing fills a record of this many bytes, so that its place in the file is its number.
    private static let recordSize = 32

    /// The plan that the environment gives; `nil` without one.
    static var ofProcess: FaultPlan? {
        guard let text = getenv("DAGKIT_FAULT") else { return nil }
        return FaultPlan(
            String(cString: text), trace: getenv("DAGKIT_FAULT_TRACE").map { String(cString: $0) })
    }

    /// Reads `label:n` or `*:n`; a text that is neither plans nothing.
    init?(_ text: String, trace: String?) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let passing = Int(parts[1]) else { return nil }
        point = parts[0] == "*" ? nil : String(parts[0])
        self.passing = passing
        self.trace = trace
    }

    func pass(_ point: FaultPoint) {
        guard number(of: point) == passing, self.point == nil || self.point == point.rawValue else { return }
        // What `kill -9` does: no buffer is written, no handler runs.
        kill(getpid(), SIGKILL)
        while true { pause() }
    }

    /// The how-manieth passing this is: of this point, or of any if any counts.
    private func number(of point: FaultPoint) -> Int {
        guard let trace else {
            guard self.point == nil || self.point == point.rawValue else { return 0 }
            return count.add(1, ordering: .relaxed).newValue
        }
        let label = Array(point.rawValue.utf8.prefix(Self.recordSize - 1))
        let record = label + [UInt8](repeating: 0x20, count: Self.recordSize - 1 - label.count) + [0x0A]
        guard let file = try? FileDescriptor.open(trace, O_RDWR | O_CREAT | O_APPEND),
            (try? file.writeAll(record)) != nil
        else { return 0 }
        // An appending write leaves the descriptor's place right behind it, whoever else writes.
        let end = Int(lseek(file.raw, 0, SEEK_CUR))
        guard self.point != nil else { return end / Self.recordSize }
        return passings(in: file, until: end, of: point)
    }

    private func passings(in file: borrowing FileDescriptor, until end: Int, of point: FaultPoint) -> Int {
        var bytes = [UInt8](repeating: 0, count: end)
        let count = pread(file.raw, &bytes, end, 0)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(separator: "\n")
            .count { $0.prefix { $0 != " " } == point.rawValue }
    }
}
