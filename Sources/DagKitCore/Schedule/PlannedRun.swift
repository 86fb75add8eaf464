public import FoundationEssentials

/// A run that a schedule asks for.
public struct PlannedRun: Hashable, Sendable {
    /// The data that the run covers.
    public let dataInterval: DataInterval

    /// The instant from which on the run may be created.
    public let runAfter: Date

    /// What the run stands for: the start of its data interval.
    public var logicalDate: Date { dataInterval.start }

    /// The run's id, `scheduled__2024-01-02T00:00:00+00:00`.
    public var runID: String { RunType.scheduled.runID(for: logicalDate) }

    /// Creates a run that may start at `runAfter`.
    public init(dataInterval: DataInterval, runAfter: Date) {
        self.dataInterval = dataInterval
        self.runAfter = runAfter.roundedToMicroseconds
    }

    /// Creates a run that may start when its data interval has ended.
    init(start: Date, end: Date) {
        self.init(dataInterval: DataInterval(start: start, end: end), runAfter: end)
    }
}
