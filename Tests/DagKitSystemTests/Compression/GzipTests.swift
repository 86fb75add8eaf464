import DagKitSystem
import Testing

@Suite struct GzipTests {
    @Test(arguments: [0, 1, 1000, 5_000_000])
    func `what is compressed decompresses to the same`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

        let compressed = try Gzip.compress(bytes)

        #expect(compressed.starts(with: [0x1F, 0x8B]))
        #expect(try Gzip.decompress(compressed, limit: count) == bytes)
    }

    @Test func `the same bytes always compress to the same`() throws {
        #expect(try Gzip.compress(Array("hello".utf8)) == Gzip.compress(Array("hello".utf8)))
    }

    @Test func `an output over the limit is refused`() throws {
        let bomb = try Gzip.compress([UInt8](repeating: 0, count: 10_000_000))

        #expect(bomb.count < 20_000)
        #expect(throws: GzipError.tooLong(limit: 9_999_999)) { try Gzip.decompress(bomb, limit: 9_999_999) }
    }

    @Test func `what ends too early is told apart from what is damaged`() throws {
        let compressed = try Gzip.compress(Array(0...255))
        var damaged = compressed
        damaged[damaged.count - 5] ^= 1

        #expect(throws: GzipError.cutOff) { try Gzip.decompress(Array(compressed.dropLast(9)), limit: 1000) }
        #expect(throws: GzipError.damaged) { try Gzip.decompress(damaged, limit: 1000) }
        #expect(throws: GzipError.damaged) { try Gzip.decompress(compressed + [0], limit: 1000) }
        #expect(throws: GzipError.damaged) { try Gzip.decompress(Array("plain text".utf8), limit: 1000) }
        #expect(throws: GzipError.cutOff) { try Gzip.decompress([], limit: 1000) }
    }
}
