import FoundationEssentials

/// A date's form in the notation of `strftime`, with English names, in UTC.
struct DateFormat {
    /// The directives that are known, for messages.
    static let directives = "%Y %m %d %H %M %S %f %y %j %b %B %a %A %F %T %z %%"

    private let format: String
    private let place: TemplateLocation
    private let pieces: [Piece]

    private enum Piece: Equatable {
        case literal(Unicode.Scalar)
        /// `isBare` is true for `%-d`: without leading zeros.
        case directive(Unicode.Scalar, isBare: Bool)
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ]
    private static let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    /// - Throws: ``TemplateError/unknownDirective(_:format:at:)``.
    init(_ format: String, at place: TemplateLocation) throws(TemplateError) {
        self.format = format
        self.place = place
        var pieces: [Piece] = []
        var rest = Substring(format).unicodeScalars
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                pieces.append(.literal(scalar))
                continue
            }
            let isBare = rest.first == "-"
            if isBare { rest.removeFirst() }
            guard let directive = rest.popFirst() else {
                throw .unknownDirective("%", format: format, at: place)
            }
            guard "YmdHMSfyjbBaAFTz%".unicodeScalars.contains(directive) else {
                throw .unknownDirective("%\(directive)", format: format, at: place)
            }
            switch directive {
            case "%": pieces.append(.literal("%"))
            case "F": pieces += Self.joined("Y", "-", "m", "d")
            case "T": pieces += Self.joined("H", ":", "M", "S")
            default: pieces.append(.directive(directive, isBare: isBare))
            }
        }
        self.pieces = pieces
    }

    private static func joined(
        _ first: Unicode.Scalar, _ separator: Unicode.Scalar, _ second: Unicode.Scalar,
        _ third: Unicode.Scalar
    ) -> [Piece] {
        [
            .directive(first, isBare: false), .literal(separator), .directive(second, isBare: false),
            .literal(separator), .directive(third, isBare: false),
        ]
    }

    // MARK: Writing

    func text(of date: Date) -> String {
        let reading = CivilDateTime(microsecondsSinceEpoch: date.microsecondsSinceEpoch)
        return pieces.reduce(into: "") { text, piece in
            switch piece {
            case .literal(let scalar): text.unicodeScalars.append(scalar)
            case .directive(let directive, let isBare):
                text += Self.text(of: directive, in: reading, isBare: isBare)
            }
        }
    }

    private static func text(
        of directive: Unicode.Scalar, in reading: CivilDateTime, isBare: Bool
    ) -> String {
        let day = reading.date
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return isBare ? digits : String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        switch directive {
        case "Y": return padded(day.year, 4)
        case "y": return padded(day.year % 100, 2)
        case "m": return padded(day.month, 2)
        case "d": return padded(day.day, 2)
        case "j":
            return padded(
                day.daysSinceEpoch - CivilDate(year: day.year, month: 1, day: 1).daysSinceEpoch + 1, 3)
        case "H": return padded(reading.hour, 2)
        case "M": return padded(reading.minute, 2)
        case "S": return padded(reading.second, 2)
        case "f": return padded(reading.microsecond, 6)
        case "B": return months[day.month - 1]
        case "b": return String(months[day.month - 1].prefix(3))
        case "A": return weekdays[day.weekday]
        case "a": return String(weekdays[day.weekday].prefix(3))
        default: return "+0000"
        }
    }

    // MARK: Reading

    /// The date that a text of this form names; fields that the form lacks are those of 1900-01-01 00:00, as in Python.
    ///
    /// - Throws: ``TemplateError/notADate(format:at:)``; a form with a day of the year, a week day or an offset reads
    ///   nothing.
    func date(in text: String) throws(TemplateError) -> Date {
        let mismatch = TemplateError.notADate(format: format, at: place)
        var rest = Substring(text).unicodeScalars
        var reading = CivilDateTime(CivilDate(year: 1900, month: 1, day: 1))
        for piece in pieces {
            switch piece {
            case .literal(let scalar): guard rest.popFirst() == scalar else { throw mismatch }
            case .directive(let directive, _):
                guard Self.read(directive, from: &rest, into: &reading) else { throw mismatch }
            }
        }
        let day = reading.date
        guard rest.isEmpty, day.year >= 1, (1...12).contains(day.month), reading.hour < 24,
            reading.minute < 60,
            reading.second < 60, (1...CivilDate.daysInMonth(day.month, of: day.year)).contains(day.day)
        else { throw mismatch }
        return Date(microseconds: reading.microsecondsSinceEpoch)
    }

    private static func read(
        _ directive: Unicode.Scalar, from rest: inout Substring.UnicodeScalarView,
        into reading: inout CivilDateTime
    ) -> Bool {
        switch directive {
        case "Y": return store(number(4...4, from: &rest), in: &reading.date.year)
        case "y":
            // Python's pivot: 69 to 99 are of the 20th century.
            let year = number(2...2, from: &rest).map { $0 + ($0 < 69 ? 2000 : 1900) }
            return store(year, in: &reading.date.year)
        case "m": return store(number(1...2, from: &rest), in: &reading.date.month)
        case "d": return store(number(1...2, from: &rest), in: &reading.date.day)
        case "H": return store(number(1...2, from: &rest), in: &reading.hour)
        case "M": return store(number(1...2, from: &rest), in: &reading.minute)
        case "S": return store(number(1...2, from: &rest), in: &reading.second)
        case "f":
            let length = rest.count
            guard var fraction = number(1...6, from: &rest) else { return false }
            for _ in (length - rest.count)..<6 { fraction *= 10 }
            return store(fraction, in: &reading.microsecond)
        case "B": return store(month(from: &rest, isShort: false), in: &reading.date.month)
        case "b": return store(month(from: &rest, isShort: true), in: &reading.date.month)
        default: return false
        }
    }

    private static func store(_ number: Int?, in field: inout Int) -> Bool {
        guard let number else { return false }
        field = number
        return true
    }

    private static func number(_ width: ClosedRange<Int>, from rest: inout Substring.UnicodeScalarView)
        -> Int?
    {
        let digits = rest.prefix(width.upperBound).prefix { ("0"..."9").contains($0) }
        guard digits.count >= width.lowerBound else { return nil }
        rest.removeFirst(digits.count)
        return Int(String(digits))
    }

    private static func month(from rest: inout Substring.UnicodeScalarView, isShort: Bool) -> Int? {
        let text = String(rest).lowercased()
        for (index, month) in months.enumerated() {
            let name = isShort ? String(month.prefix(3)) : month
            guard text.hasPrefix(name.lowercased()) else { continue }
            rest.removeFirst(name.unicodeScalars.count)
            return index + 1
        }
        return nil
    }
}
