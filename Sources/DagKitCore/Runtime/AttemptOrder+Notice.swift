extension AttemptOrder {
    /// The order to tell a notice.
    ///
    /// - Parameter settings: What the deployment sets for the DAG.
    package init(telling notice: Notice, settings: [String: String]) {
        let facts = notice.facts
        self.init(
            attemptID: AttemptID(rawValue: 0), key: notice.task ?? TaskInstanceKey(notice.run, TaskID("")),
            tryNumber: notice.tryNumber, lastTry: notice.lastTry, runType: facts?.type ?? .manual,
            logicalDate: facts?.logicalDate, dataInterval: facts?.dataInterval,
            runAfter: facts?.runAfter ?? notice.at,
            params: facts?.params ?? .object([:]), conf: facts?.conf ?? .object([:]), clearNumber: 0,
            structureHash: "", operatorName: notice.receiver.name,
            timeout: notice.receiver.timeout ?? Notice.Receiver.usualTimeout, declaration: nil,
            settings: settings,
            notice: notice)
    }
}
