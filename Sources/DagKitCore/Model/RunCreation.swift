public import FoundationEssentials

extension DAGRun {
    /// The run that a DAG's schedule asks for.
    static func scheduled(_ spec: DAGSpec, _ planned: PlannedRun, at now: Date) -> DAGRun {
        DAGRun(
            key: RunKey(spec.id, RunID(planned.runID)),
            type: .scheduled, logicalDate: planned.logicalDate, dataInterval: planned.dataInterval,
            runAfter: planned.runAfter, triggeredBy: RunEvent.scheduler, queuedAt: now,
            structureHash: spec.structureHash)
    }

    /// The run that updates of assets ask for.
    ///
    /// - Parameters:
    ///   - logicalDate: When the latest of them was.
    ///   - interval: What the runs behind them cover; the logical date alone if `nil`.
    static func assetTriggered(
        _ spec: DAGSpec, logicalDate: Date, interval: DataInterval?, at now: Date
    ) -> DAGRun {
        DAGRun(
            key: RunKey(spec.id, RunID(RunType.assetTriggered.runID(for: logicalDate))),
            type: .assetTriggered, logicalDate: logicalDate,
            dataInterval: interval ?? DataInterval(exactly: logicalDate), runAfter: now,
            triggeredBy: RunEvent.scheduler, queuedAt: now, structureHash: spec.structureHash)
    }

    /// The run that a backfill makes for one of its dates.
    static func backfill(_ backfill: Backfill, _ planned: PlannedRun, of spec: DAGSpec, at now: Date)
        -> DAGRun
    {
        let date = planned.logicalDate
        var run = DAGRun(
            key: RunKey(spec.id, RunID(RunType.backfill.runID(for: date))), type: .backfill,
            logicalDate: date, dataInterval: planned.dataInterval, runAfter: planned.runAfter,
            conf: backfill.conf, triggeredBy: backfill.createdBy, queuedAt: now,
            structureHash: spec.structureHash)
        run.backfillID = backfill.id
        return run
    }

    /// The run that somebody asks for now.
    ///
    /// - Parameters:
    ///   - logicalDate: The instant that the run stands for; `now` if `nil`. It keeps its microseconds.
    ///   - runID: The run's id; made of the logical date if `nil`.
    public static func manual(
        _ spec: DAGSpec, logicalDate: Date? = nil, runID: RunID? = nil, conf: JSONValue = .object([:]),
        by actor: String, at now: Date
    ) -> DAGRun {
        let date = (logicalDate ?? now).roundedToMicroseconds
        return DAGRun(
            key: RunKey(spec.id, runID ?? RunID(RunType.manual.runID(for: date))),
            type: .manual,
            logicalDate: date, dataInterval: spec.schedule.timetable.dataInterval(ofManualRunAt: date),
            runAfter: now.roundedToMicroseconds,
            conf: conf, triggeredBy: actor, queuedAt: now.roundedToMicroseconds,
            structureHash: spec.structureHash)
    }
}
