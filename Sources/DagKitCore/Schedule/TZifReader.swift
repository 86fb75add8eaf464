/// Reads the second, 64-bit block of a TZif file (RFC 9636) and its footer.
struct TZifReader {
    let name: String
    let bytes: [UInt8]
    private var position = 0

    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    mutating func rules() throws(TimeZoneError) -> TimeZoneRules {
        let first = try header()
        guard first.version >= 2 else { throw malformed("version 1 has no 64-bit times") }
        try skip(first.byteCount(timeSize: 4))
        let second = try header()
        let block = try readBlock(second)
        let footer = try readFooter()
        return TimeZoneRules(
            name: name, transitions: block.transitions, offsets: block.offsets,
            initialOffset: block.initialOffset, footer: footer)
    }

    private struct Header {
        let version: Int
        /// Counts in the file's order: UT flags, standard flags, leap seconds, times, types, characters.
        let counts: [Int]

        func byteCount(timeSize: Int) -> Int {
            counts[3] * (timeSize + 1) + counts[4] * 6 + counts[5] + counts[2] * (timeSize + 4) + counts[1]
                + counts[0]
        }
    }

    private mutating func header() throws(TimeZoneError) -> Header {
        guard position + 44 <= bytes.count, bytes[position..<position + 4].elementsEqual("TZif".utf8) else {
            throw malformed("it does not begin with TZif")
        }
        let versionByte = bytes[position + 4]
        position += 20
        var counts: [Int] = []
        for _ in 0..<6 { counts.append(Int(try integer(size: 4))) }
        guard counts.allSatisfy({ (0...100_000).contains($0) }) else {
            throw malformed("its counts are absurd")
        }
        return Header(version: versionByte == 0 ? 1 : Int(versionByte) - 48, counts: counts)
    }

    private mutating func readBlock(
        _ header: Header
    ) throws(TimeZoneError) -> (transitions: [Int64], offsets: [Int], initialOffset: Int) {
        let (timeCount, typeCount) = (header.counts[3], header.counts[4])
        guard typeCount > 0, position + header.byteCount(timeSize: 8) <= bytes.count else {
            throw malformed("it ends too early")
        }
        let end = position + header.byteCount(timeSize: 8)
        var times: [Int64] = []
        for _ in 0..<timeCount { times.append(try integer(size: 8)) }
        let indexes = bytes[position..<position + timeCount].map(Int.init)
        position += timeCount
        var typeOffsets: [Int] = []
        for _ in 0..<typeCount {
            typeOffsets.append(Int(try integer(size: 4)))
            position += 2
        }
        guard indexes.allSatisfy({ $0 < typeCount }) else { throw malformed("it names a type that it lacks") }
        guard zip(times, times.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw malformed("its times go back")
        }
        guard typeOffsets.allSatisfy({ abs($0) <= 93_599 }) else { throw malformed("an offset is absurd") }
        position = end
        return (times, indexes.map { typeOffsets[$0] }, typeOffsets[0])
    }

    private mutating func readFooter() throws(TimeZoneError) -> POSIXTimeZone? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\n"),
            let end = bytes[(position + 1)...].firstIndex(of: UInt8(ascii: "\n"))
        else { throw malformed("its footer is missing") }
        let text = bytes[(position + 1)..<end]
        if text.isEmpty { return nil }
        guard let footer = POSIXTimeZone(text) else { throw malformed("its footer cannot be read") }
        return footer
    }

    private mutating func skip(_ count: Int) throws(TimeZoneError) {
        position += count
        guard position <= bytes.count else { throw malformed("it ends too early") }
    }

    /// A big-endian, signed integer.
    private mutating func integer(size: Int) throws(TimeZoneError) -> Int64 {
        guard position + size <= bytes.count else { throw malformed("it ends too early") }
        let unsigned = bytes[position..<position + size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        position += size
        return size == 4 ? Int64(Int32(truncatingIfNeeded: unsigned)) : Int64(bitPattern: unsigned)
    }

    private func malformed(_ reason: String) -> TimeZoneError { .malformed(name, reason: reason) }
}
