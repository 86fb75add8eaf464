import FoundationEssentials

/// Dates: their members and methods, and the macros that move them.
extension TemplateEvaluator {
    static let dateMethods = ["isoformat", "strftime", "to_date_string", "timestamp", "add", "subtract"]

    static func member(
        _ name: String, of date: Date, written: String, at place: TemplateLocation
    ) -> TemplateValue {
        let microseconds = date.microsecondsSinceEpoch
        let reading = CivilDateTime(microsecondsSinceEpoch: microseconds)
        let members = [
            "year": reading.date.year, "month": reading.date.month, "day": reading.date.day,
            "hour": reading.hour, "minute": reading.minute, "second": reading.second,
            "microsecond": reading.microsecond, "int_timestamp": Int(reading.secondsSinceEpoch),
        ]
        return members[name].map { .integer($0) }
            ?? missing(name, of: written, among: members.keys.sorted(), at: place)
    }

    static func call(
        _ method: String, on date: Date, written: String, _ given: Given, at place: TemplateLocation
    ) throws(TemplateError) -> TemplateValue {
        func arguments(_ parameters: [String] = [], required: Int = 0) throws(TemplateError)
            -> TemplateArguments
        {
            let usage = "\(written).\(method)(\(parameters.joined(separator: ", ")))"
            let signature = TemplateSignature(usage, parameters, required: required)
            return try TemplateArguments(given, of: signature, at: place)
        }
        switch method {
        case "isoformat":
            _ = try arguments()
            return .string(date.isoText)
        case "to_date_string":
            _ = try arguments()
            return .string(date.ds)
        case "timestamp":
            _ = try arguments()
            return .json(.number(Double(date.microsecondsSinceEpoch) / 1_000_000))
        case "strftime":
            let format = try arguments(["format"], required: 1).string("format")
            return .string(try DateFormat(format, at: place).text(of: date))
        case "add": return try move(date, by: arguments(units.map(\.name)), sign: 1)
        case "subtract": return try move(date, by: arguments(units.map(\.name)), sign: -1)
        default:
            let nearest = NearMiss.nearest(to: method, among: dateMethods)
            throw .unknownMember("\(method)()", of: written, nearest: nearest, at: place)
        }
    }

    private static let units: [(name: String, seconds: Int64)] = [
        ("weeks", 604_800), ("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1),
    ]

    /// The date that lies some `days=`, `hours=` and so on later, or earlier if `sign` is negative.
    private static func move(
        _ date: Date, by arguments: TemplateArguments, sign: Int64
    ) throws(TemplateError) -> TemplateValue {
        var moved = date
        for unit in units {
            guard let count = try arguments.integer(unit.name) else { continue }
            moved = try move(moved, by: count, times: sign * unit.seconds, at: arguments.place)
        }
        return .instant(moved)
    }

    private static func move(
        _ date: Date, by count: Int64, times seconds: Int64, at place: TemplateLocation
    ) throws(TemplateError) -> Date {
        let (microseconds, overflows) = count.multipliedReportingOverflow(by: seconds * 1_000_000)
        let (sum, exceeds) = date.microsecondsSinceEpoch.addingReportingOverflow(microseconds)
        guard !overflows, !exceeds, Date.representableMicroseconds.contains(sum) else {
            throw .dateOutOfRange(at: place)
        }
        return Date(microseconds: sum)
    }

    // MARK: Macros

    /// `macros.ds_add(ds, days)`: the day some days later, as text.
    static func addDays(_ given: Given, at place: TemplateLocation) throws(TemplateError) -> TemplateValue {
        let signature = TemplateSignature("macros.ds_add(ds, days)", ["ds", "days"], required: 2)
        let arguments = try TemplateArguments(given, of: signature, at: place)
        let day = try DateFormat("%Y-%m-%d", at: place).date(in: arguments.string("ds"))
        let count = try arguments.integer("days") ?? 0
        return .string(try move(day, by: count, times: 86_400, at: place).ds)
    }

    /// `macros.ds_format(ds, '%Y-%m-%d', '%d.%m.%Y')`: the date in another form.
    static func reformatDay(_ given: Given, at place: TemplateLocation) throws(TemplateError) -> TemplateValue
    {
        let signature = TemplateSignature(
            "macros.ds_format(ds, input_format, output_format)", ["ds", "input_format", "output_format"],
            required: 3)
        let arguments = try TemplateArguments(given, of: signature, at: place)
        let input = try DateFormat(arguments.string("input_format"), at: place)
        let output = try DateFormat(arguments.string("output_format"), at: place)
        return .string(try output.text(of: input.date(in: arguments.string("ds"))))
    }
}
