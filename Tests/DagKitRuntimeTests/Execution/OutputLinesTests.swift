import Testing

@testable import DagKitRuntime

@Suite struct OutputLinesTests {
    private let mark = OutputLines.mark(of: "word")

    @Test func `lines come out as they went in, wherever the chunks were cut`() {
        let text = Array("first\n\nthird \u{0}\u{1}\r\nlast".utf8) + [0xFF]
        for cut in 0...text.count {
            var lines = OutputLines(mark: mark)

            let found = lines.take(Array(text[..<cut])) + lines.take(Array(text[cut...])) + lines.finish()

            #expect(
                found.map { Array($0.bytes) }
                    == text.split(separator: 10, omittingEmptySubsequences: false).map(Array.init))
            #expect(found.allSatisfy { !$0.isLogged })
        }
    }

    @Test func `a line of the logger is told from others, also in the middle of one`() {
        let text = Array("open".utf8) + mark + Array("logged\nprinted\n".utf8)
        for cut in 0...text.count {
            var lines = OutputLines(mark: mark)

            let found = lines.take(Array(text[..<cut])) + lines.take(Array(text[cut...]))

            #expect(found.map { String(decoding: $0.bytes, as: UTF8.self) } == ["open", "logged", "printed"])
            #expect(found.map(\.isLogged) == [false, true, false])
        }
    }

    @Test func `a long line goes on in the next, and what is open stays small`() {
        var lines = OutputLines(mark: mark)
        let chunk = [UInt8](repeating: 120, count: 100_000)

        let found = lines.take(chunk) + lines.take(chunk) + lines.take([10])

        #expect(found.map(\.bytes.count) == [65536, 65536, 65536, 3392])
    }

    @Test func `the logger's line is found behind a line that is as long as a line can be`() {
        for length in 65530...65540 {
            var lines = OutputLines(mark: mark)
            let text = [UInt8](repeating: 120, count: length) + mark + Array("logged\n".utf8)

            let found = lines.take(text)

            #expect(found.last?.isLogged == true)
            #expect(found.last.map { String(decoding: $0.bytes, as: UTF8.self) } == "logged")
            #expect(found.dropLast().map(\.bytes.count).reduce(0, +) == length)
        }
    }
}
