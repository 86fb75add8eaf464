import DagKitCore
import DagKitRuntime
import DagKitTesting
import FoundationEssentials
import Synchronization
import Testing

/// Deliveries that are broken off since the scheduler beside them cannot start.
@Suite(.timeLimit(.minutes(5))) struct BrokenOffDeliveryTests {
    @Test(arguments: [true, false])
    func `a start that fails says why, and what it breaks off beside it is no error`(isTold: Bool)
        async throws
    {
        let store = FailingStore(endsWith: isTold ? CancellationError() : Interruption())
        let errors = Mutex<[String]>([])
        let clock = SystemSchedulerClock()
        var configuration = Scheduler.Configuration(
            job: JobRecord(
                type: "SchedulerJob", state: "running", hostname: "test", user: "test", processID: 1,
                executor: "in_process", start: clock.now, heartbeat: clock.now))
        let courier = RestingCourier()
        configuration.courier = courier
        let scheduler = Scheduler(
            store: store,
            executor: InProcessExecutor(
                [], capacity: 1, services: TaskServices(metadata: StoreTaskMetadata(store))),
            deployment: Deployment(bundle: "test", specs: [], arePausedAtCreation: false),
            configuration: configuration,
            log: SchedulerLog { level, line, _ in
                if level >= .warning { errors.withLock { $0.append(line) } }
            })

        await #expect(throws: FailingStore.Failure.self) { try await scheduler.run() }

        // The delivery rests when it has said what it has to say.
        for await _ in courier.rests { break }
        #expect(errors.withLock(\.self) == [])
    }
}

/// A store whose open runs cannot be read, which it says while somebody reads the notices; that reading lasts until it is
/// broken off.
private final class FailingStore: StoreProxy {
    struct Failure: Error {}

    let base: any MetadataStore = InMemoryStore()
    private let end: any Error
    private let (readings, reading) = AsyncStream<Void>.makeStream()

    /// - Parameter end: What the reading of notices throws once it is broken off.
    init(endsWith end: any Error) { self.end = end }

    func unfinishedRuns() async throws -> [RunSnapshot] {
        for await _ in readings { break }
        throw Failure()
    }

    func notices(dueBy instant: Date, limit: Int) async throws -> [Notice] {
        reading.yield()
        try? await Task.sleep(for: .seconds(600))
        throw end
    }

    func leavingOutUnreadable(_ tell: @escaping @Sendable (UnreadableRow) -> Void) -> any MetadataStore {
        self
    }
}

/// What a database says of a statement that was broken off.
private struct Interruption: Error {}

/// Tells nothing, and says when it is to rest.
private final class RestingCourier: NoticeCourier {
    let rests: AsyncStream<Void>
    private let resting: AsyncStream<Void>.Continuation

    init() { (rests, resting) = AsyncStream.makeStream() }

    func deliver(_ notice: Notice) async throws {}

    func rest() async { resting.yield() }
}
