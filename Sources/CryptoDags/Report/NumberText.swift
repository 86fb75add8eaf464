/// How numbers read in reports and mails, without any locale of the machine.
///
/// ```swift
/// NumberText.seed.price(try Amount("0.0000000228759514"))  // 0.00000002288
/// NumberText.french.dollars(try Amount("2450000000"))      // 2,45 Md $
/// ```
public struct NumberText: Sendable {
    /// What stands between whole and fraction.
    public let decimalMark: String

    /// What parts groups of three digits.
    public let groupSeparator: String

    private let dollar: (before: String, after: String)
    private let billion: String
    private let million: String
    private let percentSign: String
    private let missing: String

    /// The report's own layout: `67234.50`, `$2.45 Md`, `+2.67%`.
    public static let seed = NumberText(".", "", ("$", ""), " Md", " M", "%", "n/d")

    /// French: `67 234,50 $`, `2,45 Md $`, `+2,67 %`, with spaces that do not break.
    public static let french = NumberText(
        ",", "\u{202F}", ("", "\u{A0}$"), "\u{A0}Md", "\u{A0}M", "\u{A0}%", "n/d")

    /// English: `$67,234.50`, `$2.45bn`, `+2.67%`.
    public static let english = NumberText(".", ",", ("$", ""), "bn", "m", "%", "n/a")

    private init(
        _ decimalMark: String, _ groupSeparator: String, _ dollar: (before: String, after: String),
        _ billion: String,
        _ million: String, _ percentSign: String, _ missing: String
    ) {
        self.decimalMark = decimalMark
        self.groupSeparator = groupSeparator
        self.dollar = dollar
        self.billion = billion
        self.million = million
        self.percentSign = percentSign
        self.missing = missing
    }

    /// A price: two decimals from 1 on, four significant digits below, never a bare zero.
    public func price(_ amount: Amount) -> String {
        if amount.magnitude >= 1 || amount == .zero { return grouped(amount.text(places: 2)) }
        let digits = amount.magnitude.text(places: 18).dropFirst(2)
        let zeros = digits.prefix { $0 == "0" }.count
        // Rounding may carry into the digit before: 0.99999 is 1.0000, still not zero.
        return grouped(amount.text(places: min(18, zeros + 4)))
    }

    /// A sum in USD: in 10^9 or 10^6 where it is that large.
    public func dollars(_ amount: Amount) -> String {
        let size = amount.magnitude
        let text =
            if size >= 1_000_000_000 {
                grouped(amount.divided(byPowerOfTen: 9).text(places: 2)) + billion
            } else if size >= 1_000_000 {
                grouped(amount.divided(byPowerOfTen: 6).text(places: 2)) + million
            } else {
                price(amount)
            }
        return dollar.before + text + dollar.after
    }

    /// A price in USD, with its sign of currency.
    public func dollarPrice(_ amount: Amount) -> String { dollar.before + price(amount) + dollar.after }

    /// A change with its sign and two decimals, without the sign of percent.
    public func change(_ amount: Amount?) -> String {
        guard let amount else { return missing }
        let text = grouped(amount.text(places: 2))
        return amount.rounded(toPlaces: 2) > .zero ? "+" + text : text
    }

    /// A change in percent.
    public func percent(_ amount: Amount?) -> String {
        amount == nil ? missing : change(amount) + percentSign
    }

    /// A statistic in percent.
    public func percent(_ value: Double?) -> String { percent(value.flatMap(Self.amount)) }

    /// A number of the statistics with two decimals.
    public func number(_ value: Double) -> String {
        Self.amount(value).map { grouped($0.text(places: 2)) } ?? missing
    }

    static func amount(_ value: Double) -> Amount? { value.isFinite ? try? Amount("\(value)") : nil }

    private func grouped(_ text: String) -> String {
        let parts = text.split(separator: ".")
        var whole = String(parts[0])
        let sign = whole.hasPrefix("-") ? "-" : ""
        whole.removeFirst(sign.count)
        var groups: [Substring] = []
        var rest = Substring(whole)
        while rest.count > 3 {
            groups.insert(rest.suffix(3), at: 0)
            rest = rest.dropLast(3)
        }
        let joined = ([rest] + groups).joined(separator: groupSeparator)
        return sign + joined + (parts.count > 1 ? decimalMark + parts[1] : "")
    }
}
