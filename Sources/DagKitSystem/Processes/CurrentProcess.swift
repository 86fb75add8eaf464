import CSystem
import Glibc

/// What a program wants to know of, or set for, the process it runs in.
package enum CurrentProcess {
    /// The file that this process executes, for starting it again; valid also after it was replaced.
    package static let executable = "/proc/self/exe"

    /// The machine's name, as jobs and locks are recorded under.
    package static var hostName: String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let code = buffer.withUnsafeMutableBytes {
            gethostname($0.baseAddress!.assumingMemoryBound(to: CChar.self), 255)
        }
        return code == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "localhost"
    }

    /// The name of the user who runs this process; their number where the system has no name for it.
    package static var userName: String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4096)
        guard getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found) == 0,
            let name = found?.pointee.pw_name
        else { return "\(geteuid())" }
        return String(cString: name)
    }

    /// Which file a program is, this process's own unless said otherwise: two processes of the same program file agree on it.
    ///
    /// It is the file's place, size and time of change, not a hash of its content: a running program's file cannot be
    /// written to, only replaced by another, and reading it whole would take longer than the start of a worker.
    package static func executableIdentity(of program: String = executable) throws(SystemError) -> String {
        var status = stat()
        guard stat(program, &status) == 0 else { throw .last("read", program) }
        return
            "\(status.st_dev)-\(status.st_ino)-\(status.st_size)-\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }

    /// Keeps other processes of this user from reading this one's memory and environment, and its memory out of core files.
    package static func hideMemory() {
        _ = dagkit_set_dumpable(0)
    }

    /// Opens what this process was started without of stdin, stdout and stderr on `/dev/null`.
    ///
    /// Else the next file or socket gets such a number, and what is printed goes into it. It comes before all else.
    package static func fillStandardStreams() {
        while true {
            let descriptor = open("/dev/null", O_RDWR)
            if descriptor > STDERR_FILENO { close(descriptor) }
            if descriptor < 0 || descriptor > STDERR_FILENO { return }
        }
    }

    /// Lets a write to a closed pipe fail with an error instead of ending the process.
    package static func ignoreBrokenPipes() {
        dagkit_ignore_broken_pipes()
    }

    /// Lets the kernel keep how child processes ended, also if whoever started this one did not want to know that.
    package static func heedChildren() {
        signal(SIGCHLD, SIG_DFL)
    }

    /// Whether a signal does nothing to this process.
    package static func ignores(_ signal: Int32) -> Bool { dagkit_ignores_signal(signal) == 1 }

    /// Writes stdout line by line, as a crash loses what the C library still holds.
    package static func writeOutputByLine() {
        dagkit_buffer_stdout_by_line()
    }

    /// Gives back the memory that this process does not need while it waits: what its allocator keeps free, and the program
    /// text that is mapped, which comes back from the system's cache of files as it is used.
    ///
    /// It costs about a millisecond, and some page faults when work goes on.
    package static func giveBackMemory() {
        dagkit_give_back_memory()
    }

    /// Writes what the C library holds back for stdout and stderr.
    package static func flushOutput() {
        dagkit_flush_streams()
    }

    /// Closes every descriptor from `first` on.
    package static func closeDescriptors(from first: Int32) {
        dagkit_close_from(UInt32(first))
    }
}
