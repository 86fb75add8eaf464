import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Synchronization
import Testing

/// Deliveries beside a scheduler that cannot start: what it says itself is said by nobody else.
@Suite(.timeLimit(.minutes(5))) struct BrokenOffDeliveryTests {
    private let courier = RestingCourier()

    @Test(arguments: [true, false])
    func `a start that fails says why, and what it breaks off beside it is no error`(isTold: Bool)
        async throws
    {
        let store = FailingStore(
            noticesLast: .seconds(600), end: isTold ? CancellationError() : Interruption())
        let lines = LoopLines()

        await #expect(throws: FailingStore.Failure.self) { try await scheduler(on: store, lines).run() }

        // The delivery rests when it has said what it has to say.
        for await _ in courier.rests { break }
        #expect(lines.all == [])
    }

    @Test func `a store that is lost for good is told of by the scheduler alone`() async throws {
        let store = FailingStore(noticesLast: .zero, end: Loss(), failsOnce: courier.rests)
        let lines = LoopLines()

        await #expect(throws: FailingStore.Failure.self) { try await scheduler(on: store, lines).run() }

        #expect(lines.all == [])
    }

    /// A scheduler whose warnings and errors are kept.
    private func scheduler(on store: FailingStore, _ lines: LoopLines) -> Scheduler {
        let clock = SystemSchedulerClock()
        var configuration = Scheduler.Configuration(
            job: JobRecord(
                type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                executor: "in_process", start: clock.now, heartbeat: clock.now))
        configuration.courier = courier
        return Scheduler(
            store: store,
            executor: InProcessExecutor(
                [], capacity: 1, services: TaskServices(metadata: StoreTaskMetadata(store))),
            deployment: Deployment(bundle: "test", specs: [], arePausedAtCreation: false),
            configuration: configuration,
            log: SchedulerLog { level, line, _ in if level >= .warning { lines.add(line) } })
    }
}

/// A store whose open runs cannot be read, which it says when something has happened.
private final class FailingStore: StoreProxy {
    struct Failure: Error {}

    let base: any MetadataStore = InMemoryStore()
    private let duration: Duration
    private let end: any Error
    private let event: AsyncStream<Void>
    private let reading: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - duration: How long the reading of notices lasts, unless it is broken off.
    ///   - end: What it throws then.
    ///   - event: What has happened when the open runs cannot be read; unless given, somebody reads the notices.
    init(noticesLast duration: Duration, end: any Error, failsOnce event: AsyncStream<Void>? = nil) {
        let readings: AsyncStream<Void>
        (readings, reading) = AsyncStream.makeStream()
        self.duration = duration
        self.end = end
        self.event = event ?? readings
    }

    func unfinishedRuns() async throws -> [RunSnapshot] {
        for await _ in event { break }
        throw Failure()
    }

    func notices(dueBy instant: Date, limit: Int) async throws -> [Notice] {
        reading.yield()
        try? await Task.sleep(for: duration)
        throw end
    }

    func leavingOutUnreadable(_ tell: @escaping @Sendable (UnreadableRow) -> Void) -> any MetadataStore {
        self
    }
}

/// What a database says of a statement that was broken off.
private struct Interruption: Error {}

/// What a database says of a file that was removed.
private struct Loss: DagKitError, StoreFailure {
    let isFinal = true
    let isLasting = true
    let problem = "the file was removed"
    let remedy = "put it back"
}

/// Tells nothing, and says when it is to rest.
private final class RestingCourier: NoticeCourier {
    let rests: AsyncStream<Void>
    private let resting: AsyncStream<Void>.Continuation

    init() { (rests, resting) = AsyncStream.makeStream() }

    func deliver(_ notice: Notice) async throws {}

    func rest() async { resting.yield() }
}
