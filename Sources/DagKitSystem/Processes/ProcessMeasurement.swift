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
        let io = fields(of: "/proc/self/io")
        return ProcessMeasurement(
            counters: ResourceUsage(
                cpuSeconds: own.cpuSeconds + children.cpuSeconds,
                peakMemory: max(
                    (fields(of: "/proc/self/status")["VmHWM"] ?? own.peakMemory / 1024) * 1024,
                    Int64(childPeak.load(ordering: .relaxed))),
                readBytes: io["read_bytes"] ?? own.readBytes,
                writtenBytes: io["write_bytes"] ?? own.writtenBytes,
                contextSwitches: own.contextSwitches + children.contextSwitches))
    }

    /// What was used since an earlier measurement.
    ///
    /// The peak of memory is that of the largest process, this one or a child that was waited for, since the last
    /// ``resetPeakMemory()``.
    package func usage(since earlier: ProcessMeasurement) -> ResourceUsage {
        ResourceUsage(
            cpuSeconds: counters.cpuSeconds - earlier.counters.cpuSeconds, peakMemory: counters.peakMemory,
            readBytes: counters.readBytes - earlier.counters.readBytes,
            writtenBytes: counters.writtenBytes - earlier.counters.writtenBytes,
            contextSwitches: counters.contextSwitches - earlier.counters.contextSwitches)
    }

    /// Starts the search for the peak of memory anew; without effect where the kernel does not offer it.
    package static func resetPeakMemory() {
        childPeak.store(0, ordering: .relaxed)
        guard let file = try? FileDescriptor.open("/proc/self/clear_refs", O_WRONLY) else { return }
        try? file.writeAll("5".utf8)
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

    /// Reads lines of the form `name: 12 kB`.
    private static func fields(of path: String) -> [Substring: Int64] {
        guard let text = try? FileSystem.readText(path) else { return [:] }
        var fields: [Substring: Int64] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(whereSeparator: { $0 == ":" || $0 == " " || $0 == "\t" })
            if parts.count >= 2, let value = Int64(parts[1]) { fields[parts[0]] = value }
        }
        return fields
    }
}
