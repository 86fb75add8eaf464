import Glibc

/// What this process holds that it may have leaked, counted at the cost of three system calls.
package struct ProcessHoldings: Sendable, Equatable {
    /// Open descriptors.
    package let descriptors: Int
    package let threads: Int

    /// Bytes of memory.
    package let memory: Int

    /// The counts as they stand; what the system does not tell is 0.
    package static func now() -> ProcessHoldings {
        // A folder has a link for each folder in it, and threads have one each beside the folder's own two.
        let threads = max(0, (OwnProcessFolder.shared.status(of: "task")?.links ?? 2) - 2)
        let pages = sizes.read().number(inField: 1) ?? 0
        return ProcessHoldings(
            descriptors: openDescriptors, threads: threads, memory: Int(pages) * sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Since Linux 6.2 the size of the folder of descriptors is their count; before that they are listed.
    private static var openDescriptors: Int {
        if let size = OwnProcessFolder.shared.status(of: "fd")?.size, size > 0 { return size }
        return (try? FileSystem.names(in: "/proc/self/fd").count) ?? 0
    }

    private static let sizes = KeptProcessFile("/proc/self/statm")
}
