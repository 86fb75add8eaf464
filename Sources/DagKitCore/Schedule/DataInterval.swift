public import FoundationEssentials

/// The span of time whose data a run covers: from `start` up to, not including, `end`.
public struct DataInterval: Hashable, Sendable, Codable {
    /// Where the span starts.
    public let start: Date

    /// Where the span ends; the same as `start` for a run that stands for one instant.
    public let end: Date

    /// Creates a span, rounded to microseconds.
    public init(start: Date, end: Date) {
        self.start = start.roundedToMicroseconds
        self.end = end.roundedToMicroseconds
    }

    /// Creates the span of a run that stands for one instant.
    public init(exactly instant: Date) {
        self.init(start: instant, end: instant)
    }
}
