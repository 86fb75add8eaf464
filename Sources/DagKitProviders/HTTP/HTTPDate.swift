import DagKitCore
public import FoundationEssentials

/// Dates as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT`, and the two older forms.
public enum HTTPDate {
    /// The instant that a date stands for; `nil` if it is none.
    public static func parse(_ text: String) -> Date? {
        let words = text.split { " ,-".contains($0) }.map(String.init)
        // Sun 06 Nov 1994 08:49:37 GMT; Sunday 06 Nov 94 08:49:37 GMT; Sun Nov 6 08:49:37 1994
        switch words.count {
        case 6 where words[5] == "GMT":
            return instant(day: words[1], month: words[2], year: words[3], time: words[4])
        case 5: return instant(day: words[2], month: words[1], year: words[4], time: words[3])
        default: return nil
        }
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func instant(day: String, month: String, year: String, time: String) -> Date? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard let day = Int(day), let month = months.firstIndex(of: month),
            var year = Int(year), clock.count == 3, let hour = clock[0], let minute = clock[1],
            let second = clock[2], (0...23).contains(hour), (0...59).contains(minute),
            (0...60).contains(second)
        else { return nil }
        // Two digits are of the years 1970 to 2069.
        if year < 100 { year += year < 70 ? 2000 : 1900 }
        guard (1900...9999).contains(year), (1...CivilDate.daysInMonth(month + 1, of: year)).contains(day)
        else {
            return nil
        }
        let date = CivilDate(year: year, month: month + 1, day: day)
        let reading = CivilDateTime(date, hour: hour, minute: minute, second: second)
        return Date(timeIntervalSince1970: Double(reading.secondsSinceEpoch))
    }
}
