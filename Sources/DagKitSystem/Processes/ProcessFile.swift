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

/// A file of `/proc` about this process that something is switched by.
struct KeptProcessSwitch: Sendable {
    private let path: String
    private let place: KeptPlace

    init(_ path: String) {
        self.path = path
        place = KeptPlace(path, O_WRONLY)
    }

    /// Writes what switches it; without effect where the kernel does not offer it.
    func write(_ bytes: [UInt8]) {
        var status = stat()
        if place.isKept(&status) {
            _ = Glibc.write(place.descriptor, bytes, bytes.count)
        } else if let file = try? FileDescriptor.open(path, O_WRONLY) {
            _ = try? file.write(bytes[...])
        }
    }
}

/// A descriptor that is kept for the life of the process, and may be closed all the same: tasks run here.
struct KeptPlace: Sendable {
    let descriptor: Int32
    private let device: dev_t
    private let number: ino_t

    init(_ path: String, _ flags: Int32) {
        descriptor = open(path, flags | O_CLOEXEC)
        var status = stat()
        let isOpen = fstat(descriptor, &status) == 0
        device = isOpen ? status.st_dev : 0
        number = isOpen ? status.st_ino : 0
    }

    /// Whether the descriptor is still what was opened, and not another file that somebody opened since; says how that stands.
    func isKept(_ status: inout stat) -> Bool {
        fstat(descriptor, &status) == 0 && status.st_ino == number && status.st_dev == device
    }
}
