/// Writes values one after the other in the compact form in which processes of this software talk to each other.
///
/// Whole numbers take as many bytes as they need, texts are UTF-8 behind their length. What may grow with a later version
/// is a ``record(_:)``: its reader skips what it does not know.
package struct WireWriter: Sendable {
    /// What was written.
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    package mutating func write(_ byte: UInt8) { bytes.append(byte) }

    package mutating func write(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    /// Seven bits at a time, the lowest first.
    package mutating func write(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Small numbers of either sign take few bytes.
    package mutating func write(_ number: Int64) {
        write(UInt64(bitPattern: number << 1) ^ UInt64(bitPattern: number >> 63))
    }

    package mutating func write(_ number: Int) { write(Int64(number)) }

    package mutating func write(_ number: Double) {
        let bits = number.bitPattern
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
        }
    }

    package mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            write(UInt64(utf8.count))
            bytes.append(contentsOf: utf8)
        }
    }

    package mutating func write(_ value: some WireCodable) { value.write(to: &self) }

    package mutating func write(_ value: (some WireCodable)?) {
        write(value != nil)
        if let value { write(value) }
    }

    package mutating func write(_ values: [some WireCodable]) {
        write(UInt64(values.count))
        for value in values { write(value) }
    }

    /// Writes fields of which a later version may have more.
    package mutating func record(_ body: (inout WireWriter) -> Void) {
        let start = bytes.count
        for _ in 0..<4 { bytes.append(0) }
        body(&self)
        let count = UInt32(bytes.count - start - 4)
        for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: count >> UInt32(8 * index)) }
    }
}

/// A value that goes from process to process.
package protocol WireCodable {
    func write(to writer: inout WireWriter)
    init(from reader: inout WireReader) throws(WireError)
}
