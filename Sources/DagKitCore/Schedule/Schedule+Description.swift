/// A schedule in words.
extension Schedule: CustomStringConvertible {
    /// `every 30 minutes`, `every weekday at 02:30 (Europe/Paris)`, `never by itself`.
    public var description: String {
        switch self {
        case .cron(let text, let zone): Self.describe(text, zone)
        case .cronTrigger(let text, let zone, _): Self.describe(text, zone)
        case .cronTriggers(let texts, let zone, _):
            texts.map { Self.describe($0, nil) }.inWords + (zone.map { " (\($0))" } ?? "")
        case .every(let duration): duration.everyText
        case .calendar(let step): "every \(step.shortText)"
        case .once: "once"
        case .continuous: "one run after the other"
        case .none: "never by itself"
        case .assets(let condition): Self.describe(condition)
        case .assetsOrTime(let condition, let time): "\(Self.describe(condition)), or \(time)"
        case .events(let events, _): events.count == 1 ? "at 1 instant" : "at \(events.count) instants"
        }
    }

    /// `when prices is updated`.
    private static func describe(_ condition: AssetCondition) -> String {
        let isOne = condition.assets.count == 1
        if case .allOf = condition, !isOne { return "when \(condition) are updated" }
        return "when \(condition) is updated"
    }

    private static func describe(_ text: String, _ zone: String?) -> String {
        let words = (try? CronExpression(text))?.inWords ?? "cron \(text.oneLine)"
        return zone.map { "\(words) (\($0))" } ?? words
    }
}

extension CronExpression {
    /// The line in words; a line that words would not make clearer stands as it is.
    public var inWords: String {
        guard seconds == 1 else { return "cron \(description.oneLine)" }
        if isEveryHour, days == CronDays(), months == Self.allMonths, let words = minutesInWords {
            return words
        }
        guard let times = timesInWords, let days = daysInWords else { return "cron \(description.oneLine)" }
        return "\(days) \(times)"
    }

    private static let allMonths: UInt64 = 0x1FFE

    private var minutesInWords: String? {
        if let step = Self.step(of: minutes, in: 60) {
            return step == 1 ? "every minute" : "every \(step) minutes"
        }
        guard minutes.nonzeroBitCount == 1 else { return nil }
        let minute = minutes.trailingZeroBitCount
        return minute == 0 ? "every hour" : "every hour at minute \(minute)"
    }

    private var timesInWords: String? {
        guard minutes.nonzeroBitCount * hours.nonzeroBitCount <= 4 else { return hoursInWords }
        let times = Self.bits(hours).flatMap { hour in
            Self.bits(minutes).map { "\(Self.twoDigits(hour)):\(Self.twoDigits($0))" }
        }
        return "at \(times.inWords)"
    }

    private var hoursInWords: String? {
        guard minutes.nonzeroBitCount == 1, let step = Self.step(of: hours, in: 24) else { return nil }
        let minute = minutes.trailingZeroBitCount
        let rhythm = step == 1 ? "every hour" : "every \(step) hours"
        return minute == 0 ? rhythm : "\(rhythm) at minute \(minute)"
    }

    private var daysInWords: String? {
        guard days.occurrences.isEmpty else { return nil }
        let months =
            self.months == Self.allMonths ? nil : Self.bits(self.months).map { Self.monthNames[$0 - 1] }
        switch (days.daysOfMonth, days.weekdays) {
        case (nil, nil): return "every day" + (months.map { " in \($0.inWords)" } ?? "")
        case (nil, let weekdays?):
            return "every \(Self.weekdays(weekdays))" + (months.map { " in \($0.inWords)" } ?? "")
        case (let numbers?, nil):
            var names = Self.bits(numbers).map { "day \($0)" }
            if days.includesLastDay { names.append("the last day") }
            guard names.count <= 4 else { return nil }
            return "on \(names.inWords) of \(months?.inWords ?? "every month")"
        default: return nil
        }
    }

    private static func weekdays(_ mask: UInt64) -> String {
        mask == 0b011_1110 ? "weekday" : bits(mask).map { weekdayNames[$0] }.inWords
    }

    /// `n`, if the bits are those of the multiples of `n` and `n` divides `count`.
    private static func step(of mask: UInt64, in count: Int) -> Int? {
        guard mask.hasBit(0), mask.nonzeroBitCount > 1, count % mask.nonzeroBitCount == 0 else { return nil }
        let step = count / mask.nonzeroBitCount
        return bits(mask).allSatisfy { $0 % step == 0 } ? step : nil
    }

    private static func bits(_ mask: UInt64) -> [Int] { (0..<64).filter(mask.hasBit) }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let weekdayNames = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    private static let monthNames = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November",
        "December",
    ]
}

extension Duration {
    /// `30 minutes`: the span in the largest unit that fits.
    package var shortText: String {
        let microseconds = self.microseconds
        for (name, length) in Self.units where microseconds != 0 && microseconds % length == 0 {
            let count = microseconds / length
            return count == 1 ? "1 \(name)" : "\(count) \(name)s"
        }
        return "\(microseconds) microseconds"
    }

    /// `every 30 minutes`, `every hour`.
    fileprivate var everyText: String {
        let text = shortText
        return "every \(text.hasPrefix("1 ") ? String(text.dropFirst(2)) : text)"
    }

    private static let units: [(String, Int64)] = [
        ("day", 86_400_000_000), ("hour", 3_600_000_000), ("minute", 60_000_000), ("second", 1_000_000),
    ]
}

extension CalendarStep {
    /// `1 month, 2 days`.
    var shortText: String {
        var parts: [String] = []
        if months != 0 { parts.append("\(months) \(months == 1 ? "month" : "months")") }
        if days != 0 { parts.append("\(days) \(days == 1 ? "day" : "days")") }
        if seconds != 0 || parts.isEmpty { parts.append(Duration.seconds(seconds).shortText) }
        return parts.joined(separator: ", ")
    }
}

extension [String] {
    /// `a`, `a and b`, `a, b and c`.
    fileprivate var inWords: String {
        count < 2 ? first ?? "" : dropLast().joined(separator: ", ") + " and " + self[count - 1]
    }
}
