import CryptoDags
import DagKit
import Testing

@Suite struct AmountTests {
    @Test(arguments: [
        ("0.0000000228759514", "0.0000000228759514"), ("18209912.0000000000000000", "18209912"),
        ("-0.0", "0"),
        ("1e-7", "0.0000001"), ("1.5E+3", "1500"), (".5", "0.5"), ("5.", "5"), ("+2", "2"), ("0e99999", "0"),
        ("549095509738353.1234567890123456", "549095509738353.1234567890123456"),
        ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"),
        ("0.0000000000000000005", "0"), ("0.0000000000000000015", "0.000000000000000002"),
        ("0.00000000000000000050000001", "0.000000000000000001"), ("1e-400", "0"),
        ("-1.0000000000000000025", "-1.000000000000000002"),
    ])
    func `a text reads as its exact value`(text: String, expected: String) throws {
        #expect(try Amount(text).description == expected)
    }

    @Test(arguments: [
        "", " ", "-", ".", "1,234.5", "NaN", "Infinity", "0x10", "1e", "1e+", "1.2.3", "1 ", " 1", "--1",
        "1e1.5", "٣",
        "1e1234567",
    ])
    func `a text that is no number is refused`(text: String) {
        #expect(throws: AmountError.malformed(text)) { try Amount(text) }
    }

    @Test(arguments: [
        "100000000000000000000", "1e20", "99999999999999999999.9999999999999999995", "-1e999999",
    ])
    func `a text beyond 20 digits before the point is refused`(text: String) {
        #expect(throws: AmountError.overflow(text)) { try Amount(text) }
    }

    @Test(arguments: [
        ("0.125", 2, "0.12"), ("0.375", 2, "0.38"), ("2.5", 0, "2"), ("-0.004", 2, "0.00"), ("7", 3, "7.000"),
    ])
    func `rounding is half to even and text shows all places`(text: String, places: Int, expected: String)
        throws
    {
        #expect(try Amount(text).text(places: places) == expected)
    }

    @Test func `dividing by a power of ten rounds once`() throws {
        // Rounded twice, the 18th decimal first, this would end in 2.
        let amount = try Amount("1500.000000000000000001")

        #expect(amount.divided(byPowerOfTen: 9, roundedTo: 6).description == "0.000002")
        #expect(try Amount("2500").divided(byPowerOfTen: 9, roundedTo: 6).description == "0.000002")
    }

    @Test func `a product beyond the range is refused`() throws {
        let amount = try Amount("99999999999")

        #expect(throws: AmountError.self) { try amount.multiplied(by: amount) }
        #expect(throws: AmountError.self) { try Amount("9e19").adding(Amount("9e19")) }
    }

    @Test func `arithmetic agrees with Python's decimal`() throws {
        var random = SplitMix(state: 20_251_025)
        var lines: [String] = []
        for _ in 0..<3_000 {
            let left = try Amount(Self.randomText(&random, wholeDigits: 12))
            let right = try Amount(Self.randomText(&random, wholeDigits: 7))
            let places = Int.random(in: 0...18, using: &random)
            let power = Int.random(in: 0...18, using: &random)
            let product = try left.multiplied(by: right)
            let quotient = left.divided(byPowerOfTen: power, roundedTo: places)
            lines.append("\(left) \(right) \(product) \(power) \(places) \(quotient) \(left.doubleValue)")
        }
        let folder = try TemporaryFolder()
        let file = try folder.write(Array(lines.joined(separator: "\n").utf8), to: "cases.txt")

        let verdict = try Python.output(Self.judge, file)

        #expect(verdict == "3000 agree\n")
    }

    private static func randomText(_ random: inout SplitMix, wholeDigits: Int) -> String {
        let digits = { (count: Int, random: inout SplitMix) in
            (0..<count).map { _ in String(Int.random(in: 0...9, using: &random)) }.joined()
        }
        let sign = Bool.random(using: &random) ? "-" : ""
        let whole = digits(Int.random(in: 1...wholeDigits, using: &random), &random)
        return "\(sign)\(whole).\(digits(Int.random(in: 0...22, using: &random), &random))"
    }

    private static let judge = """
        import sys
        from decimal import Decimal as D, getcontext, ROUND_HALF_EVEN
        getcontext().prec = 200
        q = lambda v, p: v.quantize(D(1).scaleb(-p), rounding=ROUND_HALF_EVEN)
        good = 0
        for line in open(sys.argv[1]):
            a, b, product, power, places, quotient, double = line.split()
            a, b = D(a), D(b)
            ok = q(a * b, 18) == D(product) and q(a.scaleb(-int(power)), int(places)) == D(quotient)
            ok = ok and float(a) == float(double)
            good += ok
            if not ok: print("differs:", line)
        print(good, "agree")
        """
}
