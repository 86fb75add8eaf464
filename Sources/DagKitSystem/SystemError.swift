import CSystem
public import DagKitCore
import Glibc

/// A call to the operating system that failed.
public enum SystemError: DagKitError, Equatable {
    /// `action` completes "cannot …"; `subject` is the path, program or address it was about.
    case failed(_ action: String, _ subject: String?, code: Int32)

    public var problem: String {
        switch self {
        case .failed(let action, let subject, let code):
            "cannot \(action)" + (subject.map { " \"\($0)\"" } ?? "") + ": \(Self.text(of: code))"
        }
    }

    public var remedy: String {
        switch code {
        case EACCES, EPERM, EROFS: "run as its owner or choose another folder with DAGKIT_HOME"
        case ENOENT, ENOTDIR: "check that it exists"
        case ENOSPC, EDQUOT: "free some space on the disk"
        case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
        case EAGAIN, ENOMEM: "raise the limits of processes and memory, or run fewer tasks at once"
        case EEXIST, EISDIR: "choose another name or remove what is there"
        case ECONNREFUSED, ECONNRESET, EPIPE: "check that the process at the other end runs"
        case EINVAL: "correct what is given"
        case ETIMEDOUT: "try again, or allow more time"
        default: "look into the system's log"
        }
    }

    /// The system's error number (`errno`).
    public var code: Int32 {
        switch self {
        case .failed(_, _, let code): code
        }
    }

    /// Whether it says that the system has too little of something now (descriptors, processes, memory, disk space): the same
    /// call may succeed later.
    package var isShortage: Bool { isDiskFull || [EMFILE, ENFILE, ENOMEM, EAGAIN, ENOBUFS].contains(code) }

    /// Whether it says that something is as it is, and will be so until somebody changes it: a file of another user, a folder in
    /// the place of a file.
    package var isLasting: Bool { [EACCES, EPERM, EROFS, EISDIR, ENOTDIR, ELOOP, ENXIO].contains(code) }

    /// Whether it says that a file system has no space or no inodes left.
    package var isDiskFull: Bool { [ENOSPC, EDQUOT].contains(code) }

    /// The error of the call that failed just now; `errno` is read first of all.
    package static func last(_ action: String, _ subject: String? = nil) -> SystemError {
        let code = errno
        return .failed(action, subject, code: code)
    }

    /// The system's own words for an error number, in lower case: `permission denied`.
    package static func text(of code: Int32) -> String {
        guard let text = dagkit_error_text(code) else { return "error \(code)" }
        let words = String(cString: text)
        return words.prefix(1).lowercased() + words.dropFirst()
    }
}
