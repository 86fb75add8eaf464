import Glibc
import Synchronization

/// Descriptors that are kept for looks at the kernel which decide over life and death, should no others be left.
///
/// ```swift
/// DescriptorReserve.fill()
/// …
/// let names = try DescriptorReserve.look { () throws(SystemError) in try FileSystem.names(in: "/proc") }
/// ```
/// They make an answer likely, not certain: another thread may be quicker to take what is given up here. Who looks and gets
/// an error asks again later, and takes it for no answer.
package enum DescriptorReserve {
    /// A process that is opened and the file that tells of it.
    private static let size = 2

    private static let kept = Mutex<[Int32]>([])

    /// Opens what is missing; what cannot be opened now is opened by a later look.
    package static func fill() { kept.withLock { fill(&$0) } }

    /// Takes a look, if need be with the kept descriptors. Looks do not nest.
    ///
    /// - Throws: What the look throws; `EMFILE` or `ENFILE` if there is no room with the kept descriptors either.
    static func look<Value: Sendable>(
        _ body: () throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        do {
            return try body()
        } catch {
            guard [EMFILE, ENFILE].contains(error.code) else { throw error }
            return try kept.withLock { kept throws(SystemError) in
                for descriptor in kept where isOurs(descriptor) { close(descriptor) }
                kept.removeAll()
                defer { fill(&kept) }
                return try body()
            }
        }
    }

    private static func fill(_ kept: inout [Int32]) {
        while kept.count < size {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return }
            kept.append(descriptor)
        }
    }

    /// Whether nobody closed the descriptor behind our back, who would have another file under its number by now.
    private static func isOurs(_ descriptor: Int32) -> Bool {
        var kept = stat()
        var null = stat()
        return fstat(descriptor, &kept) == 0 && stat("/dev/null", &null) == 0
            && kept.st_rdev == null.st_rdev && kept.st_ino == null.st_ino && kept.st_dev == null.st_dev
    }
}
