import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Testing

/// A scheduler with real workers, and one run of which a single task is left to run.
struct RequestBench: Sendable {
    let home: ExecutorHome
    let store = InMemoryStore()
    let scheduler: Scheduler
    let run: RunKey
    private let task: TaskID

    init(task: TaskID) async throws {
        // Long enough to be seen while a task is being ended.
        home = try ExecutorHome { $0.killGrace = .seconds(2) }
        self.task = task
        let now = Date().roundedToMicroseconds
        var configuration = Scheduler.Configuration(
            job: JobRecord(
                type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                executor: "local", start: now, heartbeat: now))
        configuration.stopGrace = .milliseconds(100)
        let spec = home.spec
        let made = DAGRun.manual(
            spec, runID: "mine", conf: ["file": .string(home.file(1))], by: "ada", at: now)
        var machine = RunMachine(creating: made, of: spec, actor: "ada")
        let others = TaskSelection(tasks: Set(spec.tasks.map(\.id)).subtracting([task]))
        _ = machine.advance(
            .mark(others.references(in: machine), .success, actor: "ada"), at: now)
        run = made.key
        if let batch = machine.takeBatch() { _ = try await store.commit([batch], durability: .full) }
        scheduler = Scheduler(
            store: store, executor: home.executor(),
            deployment: Deployment(bundle: "test", specs: [spec], arePausedAtCreation: false),
            configuration: configuration)
    }

    /// The log of the task's first try.
    func log() throws -> String {
        try FileSystem.readText(
            "\(home.path)/logs/" + AttemptLogPath.path(of: TaskInstanceKey(run, task), tryNumber: 1))
    }

    func references(in machine: RunMachine) -> [InstanceRef] {
        TaskSelection(tasks: [task]).references(in: machine)
    }

    func ask(_ event: @Sendable (RunMachine) -> RunMachine.Event) async throws {
        let change = try await store.change(run, of: home.spec, at: Date().roundedToMicroseconds) {
            event($0)
        }
        #expect(change?.step.kills.count == 1)
        scheduler.poke()
    }

    /// Deploys the DAG anew, without the task that is left to run or whole.
    func deploy(withTask: Bool) throws {
        var draft = home.spec.draft()
        if !withTask { draft.tasks.removeAll { $0.id == task } }
        let spec = try DAGSpec(draft, schedule: home.spec.schedule)
        scheduler.replace(with: Deployment(bundle: "test", specs: [spec], arePausedAtCreation: false))
    }

    /// Waits until the task's instance is as it should be.
    func waits(for condition: (TaskInstance) -> Bool) async throws -> Bool {
        let deadline = BootTimeClock().now.advanced(by: .seconds(120))
        while try await instance().map(condition) != true {
            if BootTimeClock().now > deadline { return false }
            try await BootTimeClock().sleep(for: .milliseconds(2))
        }
        return true
    }

    func instance() async throws -> TaskInstance? {
        try await store.taskInstances(of: run).first { $0.taskID == task }
    }

    func waitForEnd() async throws {
        while try await store.snapshot(of: run)?.run.state.isFinished != true {
            try await BootTimeClock().sleep(for: .milliseconds(5))
        }
    }

    /// The process of the next attempt, which overwrites what the first one said.
    func secondProcess(after first: ProcessIdentity) async throws -> ProcessIdentity {
        while true {
            let next = try await home.process(of: 1)
            if next != first { return next }
            try await BootTimeClock().sleep(for: .milliseconds(5))
        }
    }
}
