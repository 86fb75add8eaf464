extension Duration {
    /// A span of this many minutes.
    public static func minutes(_ minutes: some BinaryInteger) -> Duration { .seconds(minutes) * 60 }

    /// A span of this many hours.
    public static func hours(_ hours: some BinaryInteger) -> Duration { .seconds(hours) * 3_600 }

    /// A span of this many times 24 hours, whatever clocks do.
    public static func days(_ days: some BinaryInteger) -> Duration { .seconds(days) * 86_400 }

    /// The span in microseconds, rounded down; clamped to about 292,000 years.
    package var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let limit: Int64 = 9_000_000_000_000
        return min(max(seconds, -limit), limit) * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
