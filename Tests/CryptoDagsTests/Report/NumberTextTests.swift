import CryptoDags
import DagKit
import Testing

@Suite struct NumberTextTests {
    @Test(arguments: [
        ("67234.5", "67234.50"), ("1", "1.00"), ("0.9997", "0.9997"), ("0.0000000228759514", "0.00000002288"),
        ("0.005", "0.005000"), ("0.99999", "1.0000"), ("0.000000000000000001", "0.000000000000000001"),
        ("0", "0.00"),
        ("-0.0000123456", "-0.00001235"),
    ])
    func `a price never reads as zero unless it is`(price: String, expected: String) throws {
        #expect(NumberText.seed.price(try Amount(price)) == expected)
    }

    @Test(arguments: [
        ("2450000000", "$2.45 Md", "2,45\u{A0}Md\u{A0}$", "$2.45bn"),
        ("3456789000000", "$3456.79 Md", "3\u{202F}456,79\u{A0}Md\u{A0}$", "$3,456.79bn"),
        ("1500000", "$1.50 M", "1,50\u{A0}M\u{A0}$", "$1.50m"),
        ("67234.5", "$67234.50", "67\u{202F}234,50\u{A0}$", "$67,234.50"),
    ])
    func `a sum reads in the manner of its language`(
        sum: String, seed: String, french: String, english: String
    ) throws {
        let amount = try Amount(sum)

        #expect(NumberText.seed.dollars(amount) == seed)
        #expect(NumberText.french.dollars(amount) == french)
        #expect(NumberText.english.dollars(amount) == english)
    }

    @Test(arguments: [("2.45", "+2.45%"), ("-2.445", "-2.44%"), ("0.001", "0.00%"), ("-0.001", "0.00%")])
    func `a change carries its sign`(change: String, expected: String) throws {
        #expect(NumberText.seed.percent(try Amount(change)) == expected)
        #expect(NumberText.seed.percent(nil as Amount?) == "n/d")
    }
}
