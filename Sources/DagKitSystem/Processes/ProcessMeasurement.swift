package import DagKitCore
import Glibc
import Synchronization

/// What this process has used so far, from the kernel's own counters.
///
/// ```swift
/// let before = ProcessMeasurement.now()
/// …
/// let usage = ProcessMeasurement.now().usage(since: before)
/// ```
package struct ProcessMeasurement: Sendable, Equatable {
    private let counters: ResourceUsage

    /// The counters as they stand, of this process and of its children that were waited for.
    package static func now() -> ProcessMeasurement {
        let own = usage(of: RUSAGE_SELF)
        let children = usage(of: RUSAGE_CHILDREN)
        let io = ownIO.read()
        return ProcessMeasurement(
            counters: ResourceUsage(
                cpuSeconds: own.cpuSeconds + children.cpuSeconds, peakMemory: 0,
                readBytes: io.number(of: "read_bytes") ?? own.readBytes,
                writtenBytes: io.number(of: "write_bytes") ?? own.writtenBytes,
                contextSwitches: own.contextSwitches + children.contextSwitches))
    }

    /// What was used since an earlier measurement.
    ///
    /// The peak of memory is that of the largest process, this one or a child that was waited for, since the last
    /// ``resetPeakMemory()``.
    package func usage(since earlier: ProcessMeasurement) -> ResourceUsage {
        ResourceUsage(
            cpuSeconds: counters.cpuSeconds - earlier.counters.cpuSeconds, peakMemory: Self.peakMemory,
            readBytes: counters.readBytes - earlier.counters.readBytes,
            writtenBytes: counters.writtenBytes - earlier.counters.writtenBytes,
            contextSwitches: counters.contextSwitches - earlier.counters.contextSwitches)
    }

    /// Starts the search for the peak of memory anew; without effect where the kernel does not offer it.
    package static func resetPeakMemory() {
        childPeak.store(0, ordering: .relaxed)
        OwnProcessFolder.shared.write([UInt8(ascii: "5")], to: "clear_refs")
        _ = unresettablePeak
    }

    private static let ownIO = KeptProcessFile("/proc/self/io")
    private static let ownStatus = KeptProcessFile("/proc/self/status")

    /// The kernel's count of the process holds its peak since the last reset and one that no reset touches: that of the
    /// program that started this one. This is as high as the latter can be, taken at the first reset.
    private static let unresettablePeak = usage(of: RUSAGE_SELF).peakMemory

    /// The peak as it stands since the last reset.
    private static var peakMemory: Int64 {
        let counted = usage(of: RUSAGE_SELF).peakMemory
        // The status has it in any case, but the kernel takes its time to write it.
        let own =
            counted > unresettablePeak
            ? counted : ownStatus.read().number(of: "VmHWM").map { $0 * 1024 } ?? counted
        return max(own, Int64(childPeak.load(ordering: .relaxed)))
    }

    /// Takes note of what a child used that was waited for: the kernel keeps the peak of all children together, and never
    /// forgets it.
    static func noteEnd(of child: ResourceUsage) {
        childPeak.max(Int(child.peakMemory), ordering: .relaxed)
    }

    /// The largest peak of the children that were waited for since the last reset; a counter of this process, as the
    /// kernel's own are.
    private static let childPeak = Atomic(0)

    private static func usage(of who: __rusage_who) -> ResourceUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(who.rawValue), &usage)
        return ResourceUsage(usage)
    }
}
