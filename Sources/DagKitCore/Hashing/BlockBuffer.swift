/// Cuts a stream of bytes into the 64-byte blocks of the SHA family, and pads the last one.
struct BlockBuffer: Sendable {
    private var pending: [UInt8] = []
    private var byteCount: UInt64 = 0

    /// Adds bytes; `compress` gets each full block as sixteen big-endian words.
    mutating func add(_ bytes: some Sequence<UInt8>, compress: ([UInt32]) -> Void) {
        let isDone: Void? = bytes.withContiguousStorageIfAvailable { add($0, compress) }
        if isDone == nil { Array(bytes).withUnsafeBufferPointer { add($0, compress) } }
    }

    private mutating func add(_ bytes: UnsafeBufferPointer<UInt8>, _ compress: ([UInt32]) -> Void) {
        byteCount += UInt64(bytes.count)
        var rest = bytes[...]
        if !pending.isEmpty {
            let missing = rest.prefix(64 - pending.count)
            pending += missing
            rest = rest.dropFirst(missing.count)
            guard pending.count == 64 else { return }
            pending.withUnsafeBufferPointer { compress(Self.words($0[...])) }
            pending.removeAll(keepingCapacity: true)
        }
        while rest.count >= 64 {
            compress(Self.words(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        pending += rest
    }

    mutating func finish(compress: ([UInt32]) -> Void) {
        let bitCount = byteCount &* 8
        let zeros = (119 - pending.count) % 64
        let length = (0..<8).map { UInt8(truncatingIfNeeded: bitCount >> (56 - 8 * UInt64($0))) }
        add([0x80] + Array(repeating: 0, count: zeros) + length, compress: compress)
    }

    private static func words(_ block: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt32] {
        let bytes = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: block))
        var words: [UInt32] = []
        words.reserveCapacity(80)
        for start in stride(from: 0, to: 64, by: 4) {
            words.append(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
        }
        return words
    }
}

func bigEndianBytes(_ word: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
}

/// Lower-case hexadecimal, two digits a byte.
func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
