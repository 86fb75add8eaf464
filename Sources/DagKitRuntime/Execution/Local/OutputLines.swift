import Glibc

/// Cuts the output of a worker into lines.
///
/// A line that the worker's logger wrote holds ``mark`` before its text and is complete; all other lines are what the task
/// or its programs printed, byte by byte.
struct OutputLines {
    /// The most bytes of one line; a longer one continues in the next.
    static let longest = 1 << 16

    /// A piece of output, without its line break.
    struct Line: Equatable {
        let bytes: ArraySlice<UInt8>
        let isLogged: Bool
    }

    /// What begins a line of the logger, also in the middle of another line.
    let mark: [UInt8]
    private var open: [UInt8] = []

    /// - Parameter mark: A sequence that a program does not print by chance.
    init(mark: [UInt8]) {
        self.mark = mark
    }

    /// The mark of a worker that was given this word.
    static func mark(of word: String) -> [UInt8] { [1] + Array(word.utf8) }

    /// The lines that are complete with these bytes.
    mutating func take(_ bytes: [UInt8]) -> [Line] {
        var lines: [Line] = []
        var start = 0
        while let end = Self.firstIndex(of: UInt8(ascii: "\n"), in: bytes[start...]) {
            close(bytes[start..<end], &lines)
            start = end + 1
        }
        hold(bytes[start...], &lines)
        return lines
    }

    /// The last line, if it had no end.
    mutating func finish() -> [Line] {
        var lines: [Line] = []
        if !open.isEmpty { close([], &lines) }
        return lines
    }

    /// Where `byte` comes first; the C library looks at many bytes at once, in every build.
    private static func firstIndex(of byte: UInt8, in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress, let place = memchr(start, Int32(byte), buffer.count) else {
                return nil
            }
            return bytes.startIndex + (UnsafeRawPointer(place) - start)
        }
    }

    /// Ends the open line with `rest`.
    private mutating func close(_ rest: ArraySlice<UInt8>, _ lines: inout [Line]) {
        // A line within one chunk is not copied.
        guard !open.isEmpty || rest.count > Self.longest else { return add(rest, &lines) }
        hold(rest, &lines)
        add(open[...], &lines)
        open.removeAll(keepingCapacity: open.capacity <= 4096)
    }

    /// Keeps what has no end yet, and gives it away in pieces where it is too long for one line.
    private mutating func hold(_ bytes: ArraySlice<UInt8>, _ lines: inout [Line]) {
        var rest = bytes
        while open.count + rest.count > Self.longest {
            let taken = rest.prefix(Self.longest - open.count)
            open += taken
            rest = rest.dropFirst(taken.count)
            let cut = placeOfCut
            add(open[..<cut], &lines)
            open.removeFirst(cut)
        }
        open += rest
    }

    /// Where the open line, which is as long as a line can be, is cut: before the logger's line in it, whole or begun.
    private var placeOfCut: Int {
        if let mark = placeOfMark(in: open[...]), mark > 0 { return mark }
        return open.count - beginningOfMark(at: open)
    }

    /// How many bytes at the end of `line` may be the beginning of a mark.
    private func beginningOfMark(at line: [UInt8]) -> Int {
        for count in stride(from: min(mark.count - 1, line.count), to: 0, by: -1)
        where line.suffix(count).elementsEqual(mark.prefix(count)) {
            return count
        }
        return 0
    }

    /// Adds a line, or two where the logger wrote into the middle of one.
    private func add(_ line: ArraySlice<UInt8>, _ lines: inout [Line]) {
        guard let start = placeOfMark(in: line) else {
            return lines.append(Line(bytes: line, isLogged: false))
        }
        if start > line.startIndex { lines.append(Line(bytes: line[..<start], isLogged: false)) }
        lines.append(Line(bytes: line[(start + mark.count)...], isLogged: true))
    }

    private func placeOfMark(in line: ArraySlice<UInt8>) -> Int? {
        var rest = line
        while let first = Self.firstIndex(of: mark[0], in: rest) {
            if line[first...].starts(with: mark) { return first }
            rest = line[(first + 1)...]
        }
        return nil
    }
}
