import CSystem
import DagKitCore
import Glibc

/// The killing of all descendants of this process, step by step, so that nobody need wait for one that does not end.
///
/// ```swift
/// var sweep = DescendantSweep()
/// while try !sweep.step(sparing: workers, at: clock.now).isOver { … }  // whatever else there is to do
/// ```
/// The process must have called ``ProcessTree/adoptOrphans()``, or descendants could escape upwards; so must those that are
/// spared, or an orphan of theirs would be taken for one of this process.
package struct DescendantSweep {
    /// A process that a signal 9 has not ended.
    package struct Survivor: Sendable, Equatable, CustomStringConvertible {
        package let process: ProcessIdentity
        /// Why it was not ended; `nil` if it got the signal, and waits within the kernel.
        package let error: SystemError?

        package init(process: ProcessIdentity, error: SystemError?) {
            self.process = process
            self.error = error
        }

        /// `process 12 cannot be ended: operation not permitted`.
        package var description: String {
            let reason = error.map { SystemError.text(of: $0.code) } ?? "it waits within the kernel"
            return "process \(process.id) cannot be ended: \(reason)"
        }
    }

    /// What a step came to.
    package struct Step: Sendable {
        /// Whether nothing is left but survivors.
        package let isOver: Bool
        /// The processes that are not waited for any more, since this step.
        package let survivors: [Survivor]
    }

    /// How long a process may take to end after its first signal.
    package static let patience: Duration = .seconds(5)

    /// The ids of the processes that were killed.
    package private(set) var killed: Set<Int32> = []

    /// The processes that were told to end and were there afterwards, with when that was first seen.
    private var left: [ProcessIdentity: BootTimeClock.Instant] = [:]

    /// The processes that are not waited for.
    private var survivors: Set<ProcessIdentity> = []

    /// The sessions whose members are killed; `nil` for those of all.
    private let sessions: Set<Int32>?

    /// - Parameter sessions: Of the children of this process only those in these sessions are killed, with all that is below
    ///   them, and others are reaped if they have ended; `nil` for all children.
    package init(sessions: Set<Int32>? = nil) { self.sessions = sessions }

    /// One of those that are waited for.
    var someLeft: ProcessIdentity? { left.keys.first }

    /// Kills all descendants, but for those that `spare` names and theirs, and reaps what has ended and is a child of this
    /// process; never waits.
    ///
    /// - Throws: ``SystemError`` if the system does not show them: nothing is known then, and the step is to be done again.
    package mutating func step(
        sparing spare: @autoclosure () -> Set<Int32> = [], at now: BootTimeClock.Instant
    ) throws(SystemError) -> Step {
        for process in left.keys where Self.reap(process.id) { left[process] = nil }
        reapSurvivors()
        var refusals: [ProcessIdentity: SystemError] = [:]
        var isQuiet = !ProcessTree.hasChildren
        // What is reaped may have left orphans, which the next look finds.
        for _ in 0..<8 where !isQuiet {
            // Only what is reached without passing one that is spared: what those fork meanwhile is never in reach.
            let found = try ProcessTree.relatives(of: getpid(), sparing: spare()) { [sessions] child in
                sessions.map { child.isZombie || $0.contains(child.session) } ?? true
            }
            let (remaining, hasReaped) = end(found.filter { !survivors.contains($0.process) }, &refusals)
            left = left.filter { remaining.contains($0.key) }
            for process in remaining where left[process] == nil { left[process] = now }
            isQuiet = !hasReaped || !ProcessTree.hasChildren
        }
        if !ProcessTree.hasChildren { left.removeAll() }
        let late = giveUp(at: now, refusals)
        return Step(isOver: isQuiet && left.isEmpty, survivors: late)
    }

    /// Kills processes.
    ///
    /// - Returns: Those that are still there, and whether one was reaped.
    private mutating func end(
        _ found: [ProcessTree.Relative], _ refusals: inout [ProcessIdentity: SystemError]
    ) -> (remaining: Set<ProcessIdentity>, hasReaped: Bool) {
        var remaining: Set<ProcessIdentity> = []
        var hasReaped = false
        for relative in found {
            if relative.isZombie {
                // One that somebody else is to see first, its parent or who traces it, is dead all the same.
                hasReaped = Self.reap(relative.process.id) || hasReaped
                continue
            }
            switch relative.process.send(SIGKILL) {
            case .sent: killed.insert(relative.process.id)
            case .gone: break
            case .refused(let error): refusals[relative.process] = error
            }
            if Self.reap(relative.process.id) { hasReaped = true } else { remaining.insert(relative.process) }
        }
        return (remaining, hasReaped)
    }

    /// Reaps those that are not waited for and have ended meanwhile.
    package mutating func reapSurvivors() {
        for process in survivors where Self.reap(process.id) || !process.isAlive { survivors.remove(process) }
    }

    private mutating func giveUp(
        at now: BootTimeClock.Instant, _ refusals: [ProcessIdentity: SystemError]
    ) -> [Survivor] {
        let late = left.filter { $0.value.advanced(by: Self.patience) <= now }.map(\.key)
        for process in late { left[process] = nil }
        survivors.formUnion(late)
        return late.sorted { $0.id < $1.id }.map { Survivor(process: $0, error: refusals[$0]) }
    }

    /// Reaps a child that has ended.
    ///
    /// - Returns: `false` if it has not, or is no child of this process.
    private static func reap(_ id: Int32) -> Bool {
        var status: Int32 = 0
        var usage = rusage()
        var reaped: pid_t
        repeat { reaped = wait4(id, &status, WNOHANG, &usage) } while reaped < 0 && errno == EINTR
        if reaped == id { ProcessMeasurement.noteEnd(of: ResourceUsage(usage)) }
        return reaped == id
    }
}

extension ProcessTree {
    /// What became of the descendants of this process.
    package struct Killing: Sendable {
        /// The ids of the processes that were killed.
        package let killed: Set<Int32>
        /// Those that a signal 9 did not end within ``DescendantSweep/patience``.
        package let survivors: [DescendantSweep.Survivor]
    }

    /// Kills all descendants of this process and waits for their end, but for those that do not end.
    ///
    /// It goes on until the system has said that none is left. The process must have called ``adoptOrphans()``.
    ///
    /// - Parameters:
    ///   - begun: A sweep that knows already whom not to wait for.
    ///   - complain: Is told, once, why the system does not say.
    @discardableResult
    package static func killDescendants(
        _ begun: DescendantSweep = DescendantSweep(), complain: (SystemError) -> Void = { _ in }
    ) -> Killing {
        let clock = BootTimeClock()
        var sweep = begun
        var survivors: [DescendantSweep.Survivor] = []
        var hasComplained = false
        while true {
            do throws(SystemError) {
                let step = try sweep.step(at: clock.now)
                survivors += step.survivors
                if step.isOver { return Killing(killed: sweep.killed, survivors: survivors) }
                if let process = sweep.someLeft { waitBriefly(for: process) }
            } catch {
                if !hasComplained { complain(error) }
                hasComplained = true
                usleep(100_000)
            }
        }
    }

    /// Returns when a process ends, or after a moment: it may be another one that ends.
    private static func waitBriefly(for process: ProcessIdentity) {
        let handle = FileDescriptor(owning: dagkit_pidfd_open(process.id))
        var watched = pollfd(fd: handle.raw, events: Int16(POLLIN), revents: 0)
        if handle.raw < 0 { usleep(1000) } else { poll(&watched, 1, 20) }
    }
}
