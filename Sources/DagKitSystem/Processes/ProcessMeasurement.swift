import Glibc

/// What this process has used so far, from the kernel's own counters.
///
/// The difference of two measurements is what the work between them has cost, its ended children included.
package struct ProcessMeasurement: Sendable, Equatable {
    /// Processor time of this process and of its children that were waited for.
    package var userTime: Duration
    package var systemTime: Duration
    /// The most memory held at once since the last ``resetPeakMemory()``, in bytes; of a child, if one held more.
    package var peakMemory: Int64
    /// Bytes that came from a disk, and bytes that went to one.
    package var readBytes: Int64
    package var writtenBytes: Int64

    /// The counters as they stand.
    package static func now() -> ProcessMeasurement {
        let own = usage(of: RUSAGE_SELF)
        let children = usage(of: RUSAGE_CHILDREN)
        let io = fields(of: "/proc/self/io")
        return ProcessMeasurement(
            userTime: own.userTime + children.userTime, systemTime: own.systemTime + children.systemTime,
            peakMemory: (fields(of: "/proc/self/status")["VmHWM"] ?? 0) * 1024,
            readBytes: io["read_bytes"] ?? 0, writtenBytes: io["write_bytes"] ?? 0)
    }

    /// Starts the search for the peak of memory anew; without effect where the kernel does not offer it.
    package static func resetPeakMemory() {
        guard let file = try? FileDescriptor.open("/proc/self/clear_refs", O_WRONLY) else { return }
        try? file.writeAll("5".utf8)
    }

    /// What was used between `earlier` and this measurement.
    package func since(_ earlier: ProcessMeasurement) -> ProcessMeasurement {
        ProcessMeasurement(
            userTime: userTime - earlier.userTime, systemTime: systemTime - earlier.systemTime,
            peakMemory: peakMemory,
            readBytes: readBytes - earlier.readBytes, writtenBytes: writtenBytes - earlier.writtenBytes)
    }

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
