import Glibc
import Synchronization

/// A labelled step in the life of an attempt at which a test can let the process die as by `kill -9`.
///
/// ```swift
/// FaultPoint.lockTaken.pass()
/// ```
/// It is switched by the environment: `DAGKIT_FAULT=supervisor.lock_taken:2` ends the process at the second passing of
/// that point, `DAGKIT_FAULT=*:7` at the seventh passing of any point; several stand with commas. With
/// `DAGKIT_FAULT_TRACE=FILE` passings are counted over all processes that name the same file, which gets the label of each.
/// Without the variable a passing costs one look at a flag.
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
    case supervisorStarts = "supervisor.starts"
    case supervisorListens = "supervisor.listens"
    case orderReceived = "supervisor.order_received"
    case lockTaken = "supervisor.lock_taken"
    case workerTold = "supervisor.worker_told"
    case outcomeReceived = "supervisor.outcome_received"
    case outcomeKept = "supervisor.outcome_kept"
    case outcomeWritten = "supervisor.outcome_written"

    // The worker.
    case workerStarts = "worker.starts"
    case attemptReceived = "worker.attempt_received"
    case workBegins = "worker.work_begins"
    case workEnded = "worker.work_ended"
    case outcomeReported = "worker.outcome_reported"

    // A database that is put back, around each change of its folder.
    case restoreCopied = "restore.copied"
    case restoreHeld = "restore.held"
    case restoreKept = "restore.kept"
    case restoreLogRemoved = "restore.log_removed"
    case restoreMoved = "restore.moved"

    private static let plan = FaultPlan.ofProcess

    /// Whether this process may die at a point, for callers that must look before they know which point they pass.
    package static var isArmed: Bool { plan != nil }

    /// Goes on, unless this is the passing at which the process is to die.
    package func pass() {
        if let plan = Self.plan { plan.pass(self) }
    }
}

/// At which passings of which points this process dies.
final class FaultPlan: Sendable {
    /// A passing that is fatal.
    private struct Fatality {
        /// The label of the point; `nil` for any.
        let point: String?
        let passing: Int
    }

    private let fatalities: [Fatality]
    private let trace: String?

    /// The labels of the passings so far, where no file keeps them.
    private let passed = Mutex<[String]>([])

    /// The label of a passing fills a record of this many bytes, so that its place in the file is its number.
    private static let recordSize = 32

    /// The plan that the environment gives; `nil` without one.
    static var ofProcess: FaultPlan? {
        guard let text = getenv("DAGKIT_FAULT") else { return nil }
        return FaultPlan(
            String(cString: text), trace: getenv("DAGKIT_FAULT_TRACE").map { String(cString: $0) })
    }

    /// Reads `label:n` or `*:n`, several of them with commas; a text that is no such list plans nothing.
    init?(_ text: String, trace: String?) {
        var fatalities: [Fatality] = []
        for entry in text.split(separator: ",") {
            let parts = entry.split(separator: ":")
            guard parts.count == 2, let passing = Int(parts[1]) else { return nil }
            fatalities.append(Fatality(point: parts[0] == "*" ? nil : String(parts[0]), passing: passing))
        }
        self.fatalities = fatalities
        self.trace = trace
    }

    /// Counts a passing, and ends the process if it is a fatal one.
    func pass(_ point: FaultPoint) {
        if isFatal(point) {
            // What `kill -9` does: no buffer is written, no handler runs.
            kill(getpid(), SIGKILL)
            while true { pause() }
        }
    }

    private func isFatal(_ point: FaultPoint) -> Bool {
        let label = point.rawValue
        let labels = history(with: label)
        let own = labels.count { $0 == label }
        return fatalities.contains { fatality in
            fatality.point == nil
                ? fatality.passing == labels.count : fatality.point == label && fatality.passing == own
        }
    }

    /// The labels of all passings until now, with this one.
    private func history(with label: String) -> [String] {
        guard let trace else {
            return passed.withLock { passed in
                passed.append(label)
                return passed
            }
        }
        let padding = [UInt8](repeating: 0x20, count: Self.recordSize - 1 - label.utf8.count)
        guard let file = try? FileDescriptor.open(trace, O_RDWR | O_CREAT | O_APPEND),
            (try? file.writeAll(Array(label.utf8) + padding + [0x0A])) != nil
        else { return [] }
        // An appending write leaves the descriptor's place right behind it, whoever else writes.
        let end = Int(lseek(file.raw, 0, SEEK_CUR))
        var bytes = [UInt8](repeating: 0, count: end)
        let count = pread(file.raw, &bytes, end, 0)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(separator: "\n")
            .map { String($0.prefix { $0 != " " }) }
    }
}
