extension Duration {
    /// A span of this many minutes; no longer than about 285,000 years, nor is any of the following.
    public static func minutes(_ minutes: some BinaryInteger) -> Duration { clamped(minutes, times: 60) }

    /// A span of this many hours.
    public static func hours(_ hours: some BinaryInteger) -> Duration { clamped(hours, times: 3_600) }

    /// A span of this many times 24 hours, whatever clocks do.
    public static func days(_ days: some BinaryInteger) -> Duration { clamped(days, times: 86_400) }

    /// A span of seconds from a document or a command, however many it asks for; no number is no span.
    package static func seconds(clamping seconds: Double) -> Duration {
        let limit = Double(longestSeconds)
        return seconds.isNaN ? .zero : .seconds(min(max(seconds, -limit), limit))
    }

    /// The span in microseconds, rounded down; clamped to about 285,000 years.
    package var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let limit = Self.longestSeconds
        return min(max(seconds, -limit), limit) * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    /// What can still be counted in microseconds and added to an instant.
    private static let longestSeconds: Int64 = 9_000_000_000_000

    private static func clamped(_ count: some BinaryInteger, times length: Int64) -> Duration {
        let limit = longestSeconds / length
        return .seconds(min(max(Int64(clamping: count), -limit), limit) * length)
    }
}
