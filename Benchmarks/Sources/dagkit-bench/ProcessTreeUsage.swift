import FoundationEssentials
import Glibc

/// What this process and all below it use: the scheduler, the supervisor and its workers.
struct ProcessTreeUsage {
    /// The root and its descendants.
    let processes: [Int32]

    /// - Parameter root: The process whose tree it is; this one by default.
    init(of root: Int32 = getpid()) {
        var children: [Int32: [Int32]] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let id = Int32(name), let parent = Self.fields(of: id).flatMap({ Int32($0[1]) }) else {
                continue
            }
            children[parent, default: []].append(id)
        }
        var found = [root]
        var next = 0
        while next < found.count {
            found += children[found[next]] ?? []
            next += 1
        }
        processes = found
    }

    /// The processor time of all, and of those of their children that have ended, in seconds.
    var cpuSeconds: Double {
        processes.reduce(0) { total, id in
            var time = timespec()
            // The kernel's name of a process's own clock: exact, where /proc counts in hundredths of a second.
            clock_gettime(clockid_t(truncatingIfNeeded: (~Int64(id) << 3) | 2), &time)
            let ended = (Self.fields(of: id) ?? []).dropFirst(13).prefix(2).compactMap { Double($0) }.reduce(
                0, +)
            return total + Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
                + ended / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }

    /// Its share of the memory, with what processes have in common counted once, in bytes.
    var proportionalMemory: Int {
        processes.reduce(0) { $0 + Self.proportionalMemory(of: $1) }
    }

    static func proportionalMemory(of process: Int32) -> Int {
        let line = Machine.lines(of: "/proc/\(process)/smaps_rollup").first { $0.hasPrefix("Pss:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }

    /// The fields of `/proc/PID/stat` behind the name: the state, the parent and so on.
    private static func fields(of process: Int32) -> [Substring]? {
        guard let line = Machine.lines(of: "/proc/\(process)/stat").first,
            let end = line.lastIndex(of: ")")
        else { return nil }
        return line[line.index(after: end)...].split(separator: " ")
    }
}
