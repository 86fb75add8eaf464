package import FoundationEssentials

/// A line of a log as it is written: `[2025-10-25T21:59:51.745+0000] {Pipeline.swift:41} INFO - text`.
package enum LogLine {
    /// The line without its end; each further line of `text` follows as it is.
    package static func render(
        _ text: String, level: TaskLogger.Level, at now: Date, from location: SourceLocation
    ) -> String {
        let path = location.file.utf8
        let file = path.lastIndex(of: UInt8(ascii: "/")).map { Substring(path[path.index(after: $0)...]) }
        return
            "[\(stamp(now))] {\(file ?? location.file[...]):\(location.line)} \(level.rawValue) - \(text)"
    }

    /// The level and the text of a line that was rendered; `nil` for any other text.
    package static func parts(of line: String) -> (level: TaskLogger.Level, text: String)? {
        guard line.hasPrefix("["), let place = line.firstIndex(of: "}") else { return nil }
        let rest = line[place...].dropFirst(2)
        for level in TaskLogger.Level.allCases where rest.hasPrefix("\(level.rawValue) - ") {
            return (level, String(rest.dropFirst(level.rawValue.count + 3)))
        }
        return nil
    }

    /// UTC to the millisecond: `2025-10-25T21:59:51.745+0000`.
    package static func stamp(_ now: Date) -> String { now.logText }
}
