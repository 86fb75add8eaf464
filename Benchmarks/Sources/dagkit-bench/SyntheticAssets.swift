/// An invented answer of any size, written as CoinCap v3 writes it: 18 decimals, a third of the coins with gaps.
struct SyntheticAssets {
    let count: Int

    /// The answer.
    func document() -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(count * 400)
        text += #"{"data":["#.utf8
        for index in 0..<count {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += asset(index).utf8
        }
        text += #"],"timestamp":1761393600000}"#.utf8
        return text
    }

    private func asset(_ index: Int) -> String {
        let supply = draw(index, 1) % 100_000_000_000 + 1
        let price = draw(index, 2) % 9_999 + 1
        let hasGaps = index % 3 == 2
        let number = { (whole: UInt64, key: UInt64) in "\"\(whole).\(decimals(index, key))\"" }
        let change = Int64(draw(index, 3) % 60) - 30
        return #"{"id":"synthetic-coin-\#(index)","rank":"\#(index + 1)","symbol":"S\#(index % 9_000)","#
            + #""name":"Synthetic Coin \#(index)","supply":\#(number(supply, 4)),"#
            + #""maxSupply":\#(index % 5 == 0 ? number(supply * 2, 5) : "null"),"#
            + #""marketCapUsd":\#(hasGaps ? "null" : number(supply / 10_000 * price, 6)),"#
            + #""volumeUsd24Hr":\#(hasGaps ? "null" : number(draw(index, 7) % 5_000_000_000, 8)),"#
            + #""priceUsd":\#(number(price, 9)),"changePercent24Hr":"\#(change).\#(decimals(index, 10))","#
            + #""vwap24Hr":\#(hasGaps ? "null" : number(price, 11)),"explorer":"https://explorer.example/\#(index)","#
            + #""tokens":{}}"#
    }

    private func decimals(_ index: Int, _ key: UInt64) -> String {
        let digits = String(draw(index, key) % 1_000_000_000_000_000_000)
        return String(repeating: "0", count: 18 - digits.count) + digits
    }

    /// SplitMix64 of a place.
    private func draw(_ index: Int, _ key: UInt64) -> UInt64 {
        var mixed = (UInt64(index) << 8 | key) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
