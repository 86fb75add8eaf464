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

    /// The median of the logarithms of values above zero, and their robust spread around it; `nil` if that is 0.
    ///
    /// Values rise with their logarithms, and ratios to the median with the distance of these: so the middle ones are
    /// looked for first, and only theirs are taken.
    static func logCenter(_ values: [Double]) -> (median: Double, spread: Double)? {
        guard let (lower, upper) = middle(values) else { return nil }
        let center = lower == upper ? lower : (lower * upper).squareRoot()
        let ratios = values.map { $0 > center ? $0 / center : center / $0 }
        guard let (near, far) = middle(ratios) else { return nil }
        let median = (log(lower) + log(upper)) / 2
        let mad = (log(near) + log(far)) / 2
        if mad > 0 { return (median, 1.4826 * mad) }
        guard let deviation = mean(ratios.map { log($0) }), deviation > 0 else { return nil }
        return (median, 1.2533 * deviation)
    }

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
        if let mad = median(deviations), mad > 0 { return 1.4826 * mad }
        if let deviation = mean(deviations), deviation > 0 { return 1.2533 * deviation }
        return nil
    }
}
