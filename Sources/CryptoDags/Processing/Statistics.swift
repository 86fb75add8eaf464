#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Means and robust spreads in Double, of numbers that are all finite.
enum Statistics {
    static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    static func median(_ values: [Double]) -> Double? {
        middle(values).map { $0.lower == $0.upper ? $0.lower : ($0.lower + $0.upper) / 2 }
    }

    /// The candidate whose logarithm lies farthest from the median of those of other values, if that is beyond a number of
    /// their robust spreads; all values are above zero.
    ///
    /// Values rise with their logarithms, and ratios to the median with the distance of these: so the middle ones are
    /// looked for first, and only theirs are taken. The spread is not looked for where more than half of the ratios are
    /// too large for it, which is nearly always so.
    ///
    /// - Returns: The logarithm of the candidate, its distance in spreads, and the median of the logarithms.
    static func logOutlier(
        _ candidates: [Double], among values: [Double], beyond bound: Double
    ) -> (logarithm: Double, score: Double, median: Double)? {
        guard let (lower, upper) = middle(values) else { return nil }
        let center = lower == upper ? lower : (lower * upper).squareRoot()
        let median = (log(lower) + log(upper)) / 2
        let farthest = candidates.map { log($0) }.max { abs($0 - median) < abs($1 - median) }
        guard let farthest else { return nil }
        let ratios = values.map { $0 > center ? $0 / center : center / $0 }
        let limit = exp(abs(farthest - median) / (madScale * bound))
        guard ratios.count(where: { $0 < limit }) * 2 >= ratios.count, let spread = logSpread(ratios) else {
            return nil
        }
        let score = (farthest - median) / spread
        return abs(score) > bound ? (farthest, score, median) : nil
    }

    private static func logSpread(_ ratios: [Double]) -> Double? {
        guard let (near, far) = middle(ratios) else { return nil }
        let mad = (log(near) + log(far)) / 2
        if mad > 0 { return madScale * mad }
        guard let deviation = mean(ratios.map { log($0) }), deviation > 0 else { return nil }
        return deviationScale * deviation
    }

    /// What makes a median of deviations the standard deviation of normal values, and what makes their mean so.
    private static let madScale = 1.4826
    private static let deviationScale = 1.2533

    /// The two values in the middle of all, which are the same one if their number is odd.
    private static func middle(_ values: [Double]) -> (lower: Double, upper: Double)? {
        guard !values.isEmpty else { return nil }
        var values = values
        let middle = values.count / 2
        let upper = select(middle, of: &values)
        // What stands before the middle is not above it.
        guard values.count.isMultiple(of: 2), let lower = values[..<middle].max() else {
            return (upper, upper)
        }
        return (lower, upper)
    }

    /// The value that would stand at a position if all were sorted; afterwards it does, between smaller and larger ones.
    ///
    /// - Complexity: O(n) on average (Hoare's selection), without the cost of sorting what nobody asks for.
    private static func select(_ wanted: Int, of values: inout [Double]) -> Double {
        var low = 0
        var high = values.count - 1
        while low < high {
            let pivot = medianOfThree(values[low], values[(low + high) / 2], values[high])
            var left = low
            var right = high
            while left <= right {
                while values[left] < pivot { left += 1 }
                while values[right] > pivot { right -= 1 }
                guard left <= right else { break }
                values.swapAt(left, right)
                left += 1
                right -= 1
            }
            if wanted <= right {
                high = right
            } else if wanted >= left {
                low = left
            } else {
                break
            }
        }
        return values[wanted]
    }

    private static func medianOfThree(_ first: Double, _ second: Double, _ third: Double) -> Double {
        max(min(first, second), min(max(first, second), third))
    }

    /// A spread that outliers do not stretch: 1.4826 x MAD, else 1.2533 x the mean deviation; `nil` if it is 0.
    static func robustSpread(_ values: [Double], around center: Double) -> Double? {
        let deviations = values.map { abs($0 - center) }
        if let mad = median(deviations), mad > 0 { return madScale * mad }
        if let deviation = mean(deviations), deviation > 0 { return deviationScale * deviation }
        return nil
    }
}
