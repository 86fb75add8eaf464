/// A cron line: the wall-clock times at which something is due.
///
/// Five fields (minute, hour, day of month, month, day of week), or six with seconds last, or a preset such
/// as `@daily`. It reads what Airflow reads: names, lists, steps, ranges that wrap (`FRI-MON`), `a/n`, `L` for
/// the last day of a month, `L5` for its last Friday, `5#2` for its second one, and `?` in a day field. If both
/// day fields are restricted, a day that either of them names is due.
///
/// ```swift
/// let cron = try CronExpression("30 2 * * MON-FRI")
/// cron.next(after: now, in: paris)  // 02:30 in Paris, on the next weekday
/// ```
public struct CronExpression: Hashable, Sendable, CustomStringConvertible {
    /// The line as its author wrote it.
    public let description: String

    /// What a careful reader should know: an accepted line that may not mean what its author thinks.
    public let warnings: [String]

    /// Bit `n` is set if second `n` is due; likewise below.
    let seconds: UInt64
    let minutes: UInt64
    let hours: UInt64
    let months: UInt64
    let days: CronDays

    /// Reads a cron line or preset.
    ///
    /// - Throws: ``CronError``, which quotes the part that is wrong.
    public init(_ text: String) throws(CronError) {
        var parser = CronParser(expression: text)
        let fields = try parser.fields()
        minutes = try parser.values(of: .minute, fields[0])
        hours = try parser.values(of: .hour, fields[1])
        months = try parser.values(of: .month, fields[3])
        days = try parser.days(dayOfMonth: fields[2], dayOfWeek: fields[4])
        seconds = fields.count == 6 ? try parser.values(of: .second, fields[5]) : 1
        description = text
        warnings = parser.warnings
    }

    /// Whether no day of any year is due, as in `0 0 30 2 *`.
    public var neverFires: Bool {
        // The calendar repeats after 400 years, and no kind of day keeps away for longer than 40.
        nextDay(onOrAfter: CivilDate(year: 2000, month: 1, day: 1)) == nil
    }

    /// Whether every hour is due, which makes Airflow count elapsed time over clock changes.
    var isEveryHour: Bool { hours == 0xFF_FFFF }
}

/// One field of a cron line.
public enum CronField: Hashable, Sendable {
    case minute, hour, dayOfMonth, month, dayOfWeek, second

    /// The values that may be written.
    var range: ClosedRange<Int> {
        switch self {
        case .minute, .second: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...7
        }
    }

    /// The names that stand for values, from the lowest value on.
    var names: [String] {
        switch self {
        case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        default: []
        }
    }

    var title: String {
        switch self {
        case .minute: "minute"
        case .hour: "hour"
        case .dayOfMonth: "day of month"
        case .month: "month"
        case .dayOfWeek: "day of week"
        case .second: "second"
        }
    }
}

/// Why a text is no cron line; `part` is what is wrong in it.
public enum CronError: DagKitError, Equatable {
    case fieldCount(Int, expression: String)
    case unknownPreset(String)
    case unreadable(part: String, field: CronField, expression: String)
    case outOfRange(part: String, field: CronField, expression: String)
    case badStep(part: String, field: CronField, expression: String)
    case badNth(part: String, expression: String)
    case badQuestionMark(field: CronField, expression: String)
    case mixedNth(expression: String)

    public var problem: String {
        switch self {
        case .fieldCount(let count, let expression):
            "cron \"\(expression.oneLine)\" has \(count) \(count == 1 ? "field" : "fields")"
        case .unknownPreset(let text): "cron preset \"\(text.oneLine)\" does not exist"
        case .unreadable(let part, let field, let expression):
            "cron \"\(expression.oneLine)\" has \"\(part)\" for the \(field.title)"
        case .outOfRange(let part, let field, let expression):
            "cron \"\(expression.oneLine)\" has \"\(part)\" for the \(field.title), which goes from "
                + "\(field.range.lowerBound) to \(field.range.upperBound)"
        case .badStep(let part, let field, let expression):
            "cron \"\(expression.oneLine)\" has the step \"\(part)\" for the \(field.title)"
        case .badNth(let part, let expression):
            "cron \"\(expression.oneLine)\" has \"\(part)\" for the day of week"
        case .badQuestionMark(let field, let expression):
            "cron \"\(expression.oneLine)\" has \"?\" for the \(field.title)"
        case .mixedNth(let expression):
            "cron \"\(expression.oneLine)\" mixes plain days of the week with \"#\" or \"L\""
        }
    }

    public var remedy: String {
        switch self {
        case .fieldCount: "write five fields (minute hour day month weekday), or six with seconds last"
        case .unknownPreset: "write one of \(CronParser.presets.keys.sorted().joined(separator: ", "))"
        case .unreadable(_, let field, _):
            field.names.isEmpty
                ? "write numbers, a-b, a-b/n or *"
                : "write numbers, names such as \(field.names[0]), a-b, a-b/n or *"
        case .outOfRange(_, let field, _):
            "write a number from \(field.range.lowerBound) to \(field.range.upperBound)"
        case .badStep: "write a whole number from 1"
        case .badNth: "write 5#2 for the second Friday of a month or L5 for the last, with 1 to 5 after \"#\""
        case .badQuestionMark: "write * (\"?\" stands for it only in the two day fields)"
        case .mixedNth: "write 1#1,1#2,1#3,1#4,1#5 for each Monday or use two DAGs"
        }
    }
}
