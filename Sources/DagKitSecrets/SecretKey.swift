import CSodium

/// A key in memory that is never swapped out or dumped and is wiped at its end.
final class SecretKey: @unchecked Sendable {
    // Sendable by hand: the memory is written in `init` alone and read-only from then on.
    static let count = Int(crypto_aead_xchacha20poly1305_ietf_KEYBYTES)

    /// The first eight digits of the key's hash.
    let id: String
    private let memory: UnsafeMutablePointer<UInt8>

    /// Takes a key of 32 bytes; `nil` for any other count.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.count, Sodium.isReady, let memory = sodium_malloc(Self.count) else {
            return nil
        }
        let start = memory.bindMemory(to: UInt8.self, capacity: Self.count)
        start.update(from: bytes, count: Self.count)
        sodium_mprotect_readonly(memory)
        self.memory = start
        id = String(Sodium.hexadecimal(Sodium.hash(bytes)).prefix(8))
    }

    deinit { sodium_free(memory) }

    static func random() -> SecretKey {
        var bytes = Sodium.randomBytes(count)
        defer { sodium_memzero(&bytes, bytes.count) }
        guard let key = SecretKey(bytes) else { preconditionFailure("no memory can be locked for a key") }
        return key
    }

    var bytes: UnsafePointer<UInt8> { UnsafePointer(memory) }

    var base64: String { Sodium.base64(Array(UnsafeBufferPointer(start: memory, count: Self.count))) }
}
