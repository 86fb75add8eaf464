public import FoundationEssentials

/// Runs that cover one step after the other from the start date on, whatever the clocks on walls show.
public struct StepTimetable: Timetable, IntervalTimetable, Hashable {
    /// How far one run is from the next.
    public enum Step: Hashable, Sendable {
        /// Elapsed time.
        case duration(Duration)
        /// The UTC calendar.
        case calendar(CalendarStep)
    }

    /// How far one run is from the next.
    public let step: Step

    /// Creates a timetable of steps.
    ///
    /// - Precondition: the step goes forwards, by a microsecond or more; ``Schedule`` checks it.
    public init(_ step: Step) {
        precondition(Self.isForward(step), "a step goes forwards")
        self.step = step
    }

    static func isForward(_ step: Step) -> Bool {
        switch step {
        case .duration(let duration): duration.microseconds > 0
        case .calendar(let calendar): calendar.isForward
        }
    }

    public func nextRun(after last: DataInterval?, within bounds: ScheduleBounds, now: Date) -> PlannedRun? {
        intervalRun(after: last, within: bounds, now: now)
    }

    /// The step that ends at `instant`.
    public func dataInterval(ofManualRunAt instant: Date) -> DataInterval {
        DataInterval(start: moved(instant, -1), end: instant)
    }

    func boundary(after instant: Date) -> Date? { moved(instant, 1) }
    func boundary(before instant: Date) -> Date? { moved(instant, -1) }
    func aligned(up instant: Date) -> Date? { instant }
    func aligned(down instant: Date) -> Date? { instant }

    /// Airflow rounds the present down to a multiple of the step, counted from the epoch.
    func latestStart(at now: Date, isFirst: Bool) -> Date? {
        let microseconds = now.microsecondsSinceEpoch
        let length: Int64 =
            switch step {
            case .duration(let duration): duration.microseconds
            case .calendar(let calendar): calendar.nominalMicroseconds
            }
        return moved(
            Date(microseconds: microseconds - microseconds.flooredDivision(by: length).remainder), -1)
    }

    private func moved(_ instant: Date, _ count: Int) -> Date {
        switch step {
        case .duration(let duration): instant.moved(by: duration * count)
        case .calendar(let calendar): calendar.applied(to: instant, count: count)
        }
    }
}
