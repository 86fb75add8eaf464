/// Reads the text of a cron line as croniter 6.0.0, the reader of Airflow 2.10, does.
struct CronParser {
    let expression: String

    /// What the line's author should know.
    private(set) var warnings: [String] = []

    /// What each preset stands for.
    static let presets = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@quarterly": "0 0 1 */3 *", "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
    ]

    init(expression: String) {
        self.expression = expression
    }

    /// The five or six fields, in lower case.
    func fields() throws(CronError) -> [String] {
        var fields = Self.split(expression)
        if fields.count == 1, fields[0].hasPrefix("@") {
            guard let line = Self.presets[fields[0]] else { throw .unknownPreset(expression) }
            fields = Self.split(line)
        }
        guard fields.count == 5 || fields.count == 6 else {
            throw .fieldCount(fields.count, expression: expression)
        }
        return fields
    }

    private static func split(_ text: String) -> [String] {
        text.lowercased().split { $0 == " " || $0 == "\t" || $0.isNewline }.map(String.init)
    }

    /// The values of a field that is no day field, as bits.
    mutating func values(of field: CronField, _ text: String) throws(CronError) -> UInt64 {
        guard text != "?" else { throw .badQuestionMark(field: field, expression: expression) }
        var mask: UInt64 = 0
        for item in items(text) { mask |= try self.mask(of: field, item) }
        return mask
    }

    private func items(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
}

/// The two day fields, which bear on each other.
extension CronParser {
    mutating func days(dayOfMonth: String, dayOfWeek: String) throws(CronError) -> CronDays {
        let dayOfMonth = dayOfMonth == "?" ? "*" : dayOfMonth
        let dayOfWeek = dayOfWeek == "?" ? "*" : dayOfWeek
        var days = CronDays()
        try readDaysOfMonth(dayOfMonth, into: &days)
        try readWeekdays(dayOfWeek, into: &days)
        // A list of all values restricts nothing if the other field holds a star: the reference says so.
        if dayOfMonth == "*" || (days.coversMonth && dayOfWeek.contains("*")) { days.daysOfMonth = nil }
        if dayOfWeek == "*" || (days.coversWeek && dayOfMonth.contains("*")) { days.weekdays = nil }
        return days
    }

    private mutating func readDaysOfMonth(_ text: String, into days: inout CronDays) throws(CronError) {
        var mask: UInt64 = 0
        for item in items(text) {
            if item == "l" {
                days.includesLastDay = true
            } else {
                mask |= try self.mask(of: .dayOfMonth, item)
            }
        }
        days.daysOfMonth = mask
    }

    private mutating func readWeekdays(_ text: String, into days: inout CronDays) throws(CronError) {
        var (plain, special): (UInt64, UInt64) = (0, 0)
        for item in items(text) {
            guard let (weekdays, occurrence) = try occurrence(item) else {
                plain |= try mask(of: .dayOfWeek, item)
                continue
            }
            if days.occurrences.isEmpty { days.occurrences = Array(repeating: 0, count: 7) }
            for weekday in 0..<7 where weekdays & 1 << UInt64(weekday) != 0 {
                days.occurrences[weekday] |= occurrence
            }
            special |= weekdays
        }
        guard plain == 0 || special == 0 else { throw .mixedNth(expression: expression) }
        days.weekdays = plain | special
    }

    /// `5#2` or `L5`: the weekdays and the bit of the occurrence; `nil` for a plain item.
    private mutating func occurrence(_ item: String) throws(CronError) -> (weekdays: UInt64, bit: UInt8)? {
        let error = CronError.badNth(part: item, expression: expression)
        if let hash = item.firstIndex(of: "#") {
            let weekdays = item[..<hash]
            guard !weekdays.isEmpty, !weekdays.contains("/"), weekdays != "*",
                let number = Self.number(item[item.index(after: hash)...]), (1...5).contains(number)
            else { throw error }
            return (try mask(of: .dayOfWeek, String(weekdays)), 1 << UInt8(number))
        }
        guard item.hasPrefix("l") else { return nil }
        guard item.count > 1 else { throw error }
        let weekday = try value(String(item.dropFirst()), .dayOfWeek)
        return (1 << UInt64(weekday % 7), 64)
    }
}

/// Items: `*`, a value, a range, each with or without a step.
extension CronParser {
    private mutating func mask(of field: CronField, _ item: String) throws(CronError) -> UInt64 {
        let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        let step = parts.count == 2 ? try self.step(parts[1], field) : 1
        guard parts[0] != "*" else { return bits(from: field.range, step: step, field) }
        let bounds = parts[0].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard bounds.count <= 2 else { throw .unreadable(part: item, field: field, expression: expression) }
        let low = try value(bounds[0], field)
        if bounds.count == 1 {
            // `a/n` runs to the end of the field.
            let isLast = low == field.range.upperBound
            return parts.count == 1 || isLast
                ? bit(low, field) : range(low, field.range.upperBound, step, field)
        }
        let high = field == .dayOfMonth && bounds[1] == "l" ? 31 : try value(bounds[1], field)
        if low == high || (field == .dayOfWeek && low == 7 && high == 0) {
            warnings.append("\"\(item)\" names one value here and every one in Airflow; write one value or *")
            return bit(low, field)
        }
        return range(low, high, step, field)
    }

    private func range(_ low: Int, _ high: Int, _ step: Int, _ field: CronField) -> UInt64 {
        guard field == .dayOfWeek, high == 7, low > 0 else {
            return low < high ? bits(from: low...high, step: step, field) : wrapped(low, high, step, field)
        }
        // The reference turns 7 into 0 before it counts, so that Sunday falls after the end of the range.
        return wrapped(low, 0, step, field)
    }

    /// A range over the end of the field, with the reference's own way to carry the step over.
    private func wrapped(_ low: Int, _ high: Int, _ step: Int, _ field: CronField) -> UInt64 {
        let (first, last) = (field.range.lowerBound, field.range.upperBound)
        let reached = low + (last - low) / step * step
        let unused = last - reached
        let skipped = reached - first + step > last - first + 1 && unused < step ? step - unused : 0
        var mask = bits(from: low...last, step: step, field)
        if first + skipped <= high { mask |= bits(from: first + skipped...high, step: step, field) }
        return mask
    }

    private func bits(from range: ClosedRange<Int>, step: Int, _ field: CronField) -> UInt64 {
        stride(from: range.lowerBound, through: range.upperBound, by: step).reduce(0) { $0 | bit($1, field) }
    }

    private func bit(_ value: Int, _ field: CronField) -> UInt64 {
        1 << UInt64(field == .dayOfWeek ? value % 7 : value)
    }

    private func step(_ text: String, _ field: CronField) throws(CronError) -> Int {
        guard let step = Self.number(text), step > 0 else {
            throw .badStep(part: text, field: field, expression: expression)
        }
        return step
    }

    private func value(_ text: String, _ field: CronField) throws(CronError) -> Int {
        if let index = field.names.firstIndex(of: text) { return index + (field == .month ? 1 : 0) }
        guard let value = Self.number(text) else {
            throw .unreadable(part: text, field: field, expression: expression)
        }
        guard field.range.contains(value) else {
            throw .outOfRange(part: text, field: field, expression: expression)
        }
        return value
    }

    /// A number of ASCII digits; one too long to matter is cut to a million.
    private static func number(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            return nil
        }
        return text.utf8.reduce(0) { min($0 * 10 + Int($1 - UInt8(ascii: "0")), 1_000_000) }
    }
}

extension CronDays {
    fileprivate var coversMonth: Bool { daysOfMonth == 0xFFFF_FFFE && !includesLastDay }
    fileprivate var coversWeek: Bool { weekdays == 0x7F && occurrences.isEmpty }
}
