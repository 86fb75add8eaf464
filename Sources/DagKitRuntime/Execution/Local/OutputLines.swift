/// Cuts the output of a worker into lines.
///
/// A line that the worker's logger wrote begins with ``mark`` and is complete; all other lines are what the task or its
/// programs printed.
struct OutputLines {
    /// A byte that no text has: it begins a line of the logger, also in the middle of another one.
    static let mark: UInt8 = 1

    /// The most bytes of one line; a longer one continues in the next.
    static let longest = 1 << 16

    struct Line: Equatable {
        let bytes: [UInt8]
        let isLogged: Bool
    }

    private var open: [UInt8] = []
    private var isLogged = false

    /// The lines that are complete with these bytes.
    mutating func take(_ bytes: [UInt8]) -> [Line] {
        var lines: [Line] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n"): lines.append(end())
            case Self.mark:
                if !open.isEmpty { lines.append(end()) }
                isLogged = true
            default:
                open.append(byte)
                if open.count == Self.longest { lines.append(end()) }
            }
        }
        return lines
    }

    /// The last line, if it had no end.
    mutating func finish() -> Line? {
        open.isEmpty ? nil : end()
    }

    private mutating func end() -> Line {
        defer {
            open.removeAll(keepingCapacity: open.capacity <= 4096)
            isLogged = false
        }
        return Line(bytes: open, isLogged: isLogged)
    }
}
