/// Cuts a stream of bytes into the 64-byte blocks of the SHA family, and pads the last one.
struct BlockBuffer: Sendable {
    private var pending: [UInt8] = []
    private var byteCount: UInt64 = 0

    mutating func add(_ bytes: some Sequence<UInt8>, compress: ([UInt8]) -> Void) {
        for byte in bytes {
            pending.append(byte)
            byteCount += 1
            if pending.count == 64 {
                compress(pending)
                pending.removeAll(keepingCapacity: true)
            }
        }
    }

    mutating func finish(compress: ([UInt8]) -> Void) {
        let bitCount = byteCount &* 8
        let zeros = (119 - pending.count) % 64
        let length = (0..<8).map { UInt8(truncatingIfNeeded: bitCount >> (56 - 8 * UInt64($0))) }
        add([0x80] + Array(repeating: 0, count: zeros) + length, compress: compress)
    }
}

func bigEndianWords(_ block: [UInt8]) -> [UInt32] {
    var words: [UInt32] = []
    words.reserveCapacity(80)
    for start in stride(from: 0, to: 64, by: 4) {
        let high = UInt32(block[start]) << 24 | UInt32(block[start + 1]) << 16
        words.append(high | UInt32(block[start + 2]) << 8 | UInt32(block[start + 3]))
    }
    return words
}

func bigEndianBytes(_ word: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
}

/// Lower-case hexadecimal, two digits a byte.
func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
