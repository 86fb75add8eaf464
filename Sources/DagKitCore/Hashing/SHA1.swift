/// The hash function SHA-1 (FIPS 180-4), for data that comes in pieces.
///
/// Airflow draws the jitter of its retries from it; it protects nothing.
///
/// ```swift
/// SHA1.hex("abc")  // a9993e364706816aba3e25717850c26c9cd0d89d
/// ```
public struct SHA1: Sendable {
    private var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
    private var blocks = BlockBuffer()

    /// Creates a hash of nothing so far.
    public init() {}

    /// Adds `bytes` to what is hashed.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        blocks.add(bytes) { Self.compress($0, into: &state) }
    }

    /// The 20 bytes of the hash of all that was added.
    public consuming func finalize() -> [UInt8] {
        blocks.finish { Self.compress($0, into: &state) }
        return state.flatMap(bigEndianBytes)
    }

    /// The hash of `text` in UTF-8, in hexadecimal.
    public static func hex(_ text: String) -> String {
        var hash = SHA1()
        hash.update(text.utf8)
        return hexadecimal(hash.finalize())
    }

    private static func compress(_ block: [UInt32], into state: inout [UInt32]) {
        var words = block
        for index in 16..<80 {
            let mixed = words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16]
            words.append(rotateLeft(mixed, 1))
        }
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for index in 0..<80 {
            let (choice, constant): (UInt32, UInt32) =
                switch index {
                case 0..<20: ((b & c) | (~b & d), 0x5A82_7999)
                case 20..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                case 40..<60: ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC)
                default: (b ^ c ^ d, 0xCA62_C1D6)
                }
            let next = rotateLeft(a, 5) &+ choice &+ e &+ constant &+ words[index]
            (e, d, c, b, a) = (d, c, rotateLeft(b, 30), a, next)
        }
        for (index, value) in [a, b, c, d, e].enumerated() { state[index] &+= value }
    }

    private static func rotateLeft(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word << count | word >> (32 - count)
    }
}
