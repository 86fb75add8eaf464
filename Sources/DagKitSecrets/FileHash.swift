import CSodium
package import DagKitSystem
import Glibc

/// The SHA-256 of files, by libsodium, which takes a fraction of a second for a program of tens of megabytes.
package enum FileHash {
    /// The hash of a file's content, 64 hex digits.
    ///
    /// It reads the file whole, and blocks: call it over `Blocking`.
    ///
    /// - Throws: ``SystemError`` if the file cannot be read.
    /// - Complexity: O(the length of the file); the memory does not grow with it.
    package static func sha256(ofFile path: String) throws(SystemError) -> String {
        precondition(Sodium.isReady, "libsodium cannot be set up")
        let file = try FileDescriptor.open(path, O_RDONLY)
        var state = crypto_hash_sha256_state()
        crypto_hash_sha256_init(&state)
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Glibc.read(file.raw, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last("read", path) }
            if count == 0 { break }
            crypto_hash_sha256_update(&state, buffer, UInt64(count))
        }
        var hash = [UInt8](repeating: 0, count: 32)
        crypto_hash_sha256_final(&state, &hash)
        return Sodium.hexadecimal(hash)
    }
}
