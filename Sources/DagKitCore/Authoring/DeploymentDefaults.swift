/// What a deployment sets for the DAGs that say nothing of it.
public struct DeploymentDefaults: Hashable, Sendable {
    public var catchup: Catchup
    public var maxActiveRuns: Int
    public var maxActiveTasks: Int
    public var maxMapLength: Int

    public init(
        catchup: Catchup = .latest, maxActiveRuns: Int = 16, maxActiveTasks: Int = 16,
        maxMapLength: Int = 1024
    ) {
        self.catchup = catchup
        self.maxActiveRuns = maxActiveRuns
        self.maxActiveTasks = maxActiveTasks
        self.maxMapLength = maxMapLength
    }
}
