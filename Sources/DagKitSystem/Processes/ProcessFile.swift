import DagKitCore
import Glibc

/// A small file of `/proc` with lines of the form `name: 12 kB`, read whole.
struct ProcessFile {
    private let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The number behind a name; `nil` if no line has it.
    func number(of name: StaticString) -> Int64? {
        var start = 0
        while start < bytes.count {
            if let value = valueStart(of: name, at: start) { return number(at: value) }
            guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            start = end + 1
        }
        return nil
    }

    /// The number in a field of a file whose fields are parted by spaces, counted from 0; `nil` if there is none.
    func number(inField index: Int) -> Int64? {
        var start = 0
        for _ in 0..<index {
            guard let space = bytes[start...].firstIndex(of: UInt8(ascii: " ")) else { return nil }
            start = space + 1
        }
        return number(at: start)
    }

    private func valueStart(of name: StaticString, at start: Int) -> Int? {
        name.withUTF8Buffer { name in
            let end = start + name.count
            guard end < bytes.count, bytes[end] == UInt8(ascii: ":"), bytes[start..<end].elementsEqual(name)
            else {
                return nil
            }
            return end + 1
        }
    }

    private func number(at start: Int) -> Int64? {
        var number: Int64?
        for byte in bytes[start...] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = Int64(byte - UInt8(ascii: "0"))
                let (shifted, isTooLarge) = (number ?? 0).multipliedReportingOverflow(by: 10)
                if isTooLarge { return nil }
                number = shifted &+ digit
            case UInt8(ascii: " "), UInt8(ascii: "\t"):
                if number != nil { return number }
            default: return number
            }
        }
        return number
    }
}

/// A file of `/proc` about this process that is kept open, as it is read again and again.
struct KeptProcessFile: Sendable {
    private let path: String
    private let descriptor: Int32

    init(_ path: String) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
    }

    /// What the file says now; nothing if it cannot be read.
    func read() -> ProcessFile {
        // The kernel makes such a file at the moment of its reading, and it is far below a page.
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(pread(descriptor, buffer.baseAddress, buffer.count, 0), 0)
        }
        if !bytes.isEmpty { return ProcessFile(bytes: bytes) }
        // Somebody closed all descriptors of the process.
        return ProcessFile(bytes: (try? FileSystem.read(path)) ?? [])
    }
}

/// The folder of this process in `/proc`, kept open, as the way there costs more than what is looked at.
///
/// Where somebody closed all descriptors of the process, the way is taken again.
struct OwnProcessFolder: Sendable {
    static let shared = OwnProcessFolder()

    private let path = "/proc/self"
    private let descriptor: Int32

    private init() { descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }

    /// How many links and bytes an entry has; `nil` if that cannot be had.
    func status(of name: String) -> (links: Int, size: Int)? {
        var status = stat()
        guard fstatat(descriptor, name, &status, 0) == 0 || stat("\(path)/\(name)", &status) == 0 else {
            return nil
        }
        return (Int(status.st_nlink), Int(status.st_size))
    }

    /// Writes to an entry by which something is switched; without effect where the kernel does not offer it.
    func write(_ bytes: [UInt8], to name: String) {
        var raw = openat(descriptor, name, O_WRONLY | O_CLOEXEC)
        if raw < 0 { raw = open("\(path)/\(name)", O_WRONLY | O_CLOEXEC) }
        guard raw >= 0 else { return }
        _ = try? FileDescriptor(owning: raw).write(bytes[...])
    }
}
