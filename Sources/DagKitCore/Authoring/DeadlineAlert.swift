public import FoundationEssentials

/// An instant by which a run of a DAG must be done.
///
/// ```swift
/// DAGConfiguration(
///     "report", schedule: .daily, startDate: "2026-01-01",
///     deadlines: [DeadlineAlert("breakfast", .dataIntervalEnd, within: .hours(7))],
///     callbacks: [.on(.deadline, notify: MailNotifier(to: ["ops@example.org"]))])
/// ```
///
/// A run that has not ended by then goes on; that it is late is stored with it, and the DAG's callbacks on
/// ``RunOccasion/deadline`` are told, once for each deadline of a run.
public struct DeadlineAlert: Hashable, Sendable {
    /// What tells the deadline from others of the DAG.
    public let name: String
    public let reference: Reference

    /// How long after the reference the run must be done.
    public let interval: Duration

    /// What a deadline counts from.
    public enum Reference: Hashable, Sendable {
        /// The creation of the run, or its last clear.
        case queuedAt
        /// The instant that the run stands for; a run that stands for none has no such deadline.
        case logicalDate
        /// The end of the data that the run covers; a run that covers none has no such deadline.
        case dataIntervalEnd
        /// One instant for all runs.
        case fixed(Date)
    }

    public init(_ name: String, _ reference: Reference, within interval: Duration = .zero) {
        self.name = name
        self.reference = reference
        self.interval = interval
    }

    /// When a run must be done; `nil` if the deadline does not concern it.
    public func instant(for run: DAGRun) -> Date? {
        let start: Date? =
            switch reference {
            case .queuedAt: run.queuedAt
            case .logicalDate: run.logicalDate
            case .dataIntervalEnd: run.dataInterval?.end
            case .fixed(let instant): instant
            }
        return start.map { ($0 + interval.seconds).roundedToMicroseconds }
    }
}

extension DeadlineAlert: CustomStringConvertible {
    /// `breakfast: 7h after data_interval_end`.
    public var description: String {
        let start =
            switch reference {
            case .queuedAt: "queued_at"
            case .logicalDate: "logical_date"
            case .dataIntervalEnd: "data_interval_end"
            case .fixed(let instant): instant.isoText
            }
        return "\(name): \(Self.span(interval)) after \(start)"
    }

    private static func span(_ interval: Duration) -> String {
        let seconds = interval.components.seconds
        for (unit, length) in [("d", Int64(86_400)), ("h", 3_600), ("m", 60)]
        where seconds != 0 && seconds % length == 0 {
            return "\(seconds / length)\(unit)"
        }
        return "\(seconds)s"
    }
}
