import Glibc

/// How often the kernel killed a process for lack of memory, in the control group that a process belongs to.
///
/// ```swift
/// let before = MemoryKills.of(child.id)
/// …
/// if let after = MemoryKills.of(child.id), after.source == before?.source, after.count > before!.count { … }
/// ```
/// It is the evidence that tells a death by signal 9 for lack of memory from any other: the signal alone does not.
package struct MemoryKills: Sendable, Equatable {
    /// The file that counts.
    package let source: String
    package let count: Int

    /// The file that counts for the whole machine.
    package static let machine = "/proc/vmstat"

    /// The count of the group that a process is in; the whole machine's where its group counts nothing.
    ///
    /// A process that has ended and was not reaped is still in its group, or, with the first version of control groups, in
    /// the topmost one.
    package static func of(_ process: Int32) -> MemoryKills? {
        let groups = (try? FileSystem.readText("/proc/\(process)/cgroup")) ?? ""
        for path in groups.split(separator: "\n").flatMap(files) {
            if let found = read(path) { return found }
        }
        return read(machine)
    }

    /// The count in a file such as `memory.events`.
    package static func read(_ path: String) -> MemoryKills? {
        guard let text = try? FileSystem.readText(path) else { return nil }
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ")
            if parts.count == 2, parts[0] == "oom_kill", let count = Int(parts[1]) {
                return MemoryKills(source: path, count: count)
            }
        }
        return nil
    }

    /// Where the group of a line of `/proc/<pid>/cgroup` may count: below its hierarchy's usual place, or at its top where
    /// a container shows nothing else.
    private static func files(_ line: Substring) -> [String] {
        let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return [] }
        let places = parts[2] == "/" ? ["/"] : ["\(parts[2])/", "/"]
        if parts[1].split(separator: ",").contains("memory") {
            return places.map { "\(root)/memory\($0)memory.oom_control" }
        }
        return parts[1].isEmpty ? places.map { "\(root)\($0)memory.events" } : []
    }

    private static let root = "/sys/fs/cgroup"

    /// The count of the topmost group, where it has one.
    package static var topmost: MemoryKills? { read("\(root)/memory/memory.oom_control") }
}
