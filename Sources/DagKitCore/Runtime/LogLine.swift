package import FoundationEssentials

/// A line of a log as it is written: `[2025-10-25T21:59:51.745+0000] {Pipeline.swift:41} INFO - text`.
package enum LogLine {
    /// The line without its end; each further line of `text` follows as it is.
    package static func render(
        _ text: String, level: TaskLogger.Level, at now: Date, from location: SourceLocation
    ) -> String {
        let file = location.file.split(separator: "/").last.map(String.init) ?? location.file
        return "[\(stamp(now))] {\(file):\(location.line)} \(level.rawValue) - \(text)"
    }

    /// UTC to the millisecond: `2025-10-25T21:59:51.745+0000`.
    package static func stamp(_ now: Date) -> String {
        let microseconds = now.microsecondsSinceEpoch
        let millisecond = ((microseconds % 1_000_000) + 1_000_000) % 1_000_000 / 1000
        let whole = Date(microseconds: microseconds - (((microseconds % 1_000_000) + 1_000_000) % 1_000_000))
        let digits = String(millisecond)
        let padded = String(repeating: "0", count: 3 - digits.count) + digits
        return String(whole.isoText.prefix(19)) + ".\(padded)+0000"
    }
}
