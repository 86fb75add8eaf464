/// 10^0 to 10^38, the powers that an `Int128` holds.
enum PowersOfTen {
    /// 10^`exponent`.
    ///
    /// - Precondition: `exponent` is 0 to 38.
    static func value(_ exponent: Int) -> Int128 { table[exponent] }

    private static let table: [Int128] = (0..<38).reduce(into: [1]) { powers, index in
        powers.append(powers[index] * 10)
    }
}
