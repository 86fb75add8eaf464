import DagKitCore
import DagKitRuntime
import DagKitSystem
import Glibc
import Synchronization
import Testing

/// What a scheduler and its supervisors say to each other where it is much, or somebody else interferes.
@Suite(.timeLimit(.minutes(5))) struct SupervisorTalkTests {
    @Test func `orders that fill more than one message are handed over, and adopted after a restart`()
        async throws
    {
        let home = try ExecutorHome()
        let padding = String(repeating: "x", count: 2 << 20)
        let orders = try (1...9).map { try home.order("gate", Int64($0), padding: padding) }
        let first = home.executor()
        _ = try await first.start()
        await first.dispatch(orders)
        for order in orders { _ = try await home.process(of: order.attemptID.rawValue) }
        await first.handOver()

        let second = home.executor()
        var events = ExecutorEvents(try await second.start())

        #expect(await events.adopted()?.sorted() == orders.map(\.attemptID))
        for order in orders {
            try FileSystem.write([], to: home.file(order.attemptID.rawValue) + ".open", durable: false)
        }
        for _ in orders { #expect(await events.outcome()?.value == #""through""#) }
        await second.acknowledge(orders.map(\.attemptID))
        await second.stop(grace: .zero)
    }

    @Test func `an order that no message can hold fails its attempt, and the next one runs`() async throws {
        let home = try ExecutorHome()
        try await home.withExecutor { executor, events in
            let large = try home.order("hello", 1, padding: String(repeating: "x", count: 17 << 20))

            await executor.dispatch([large, try home.order("hello", 2)])

            let outcomes = [await events.outcome(), await events.outcome()]
            let failures = outcomes.compactMap { $0?.failure }
            #expect(failures.count == 1)
            #expect(failures.first?.hasPrefix("end: the order of the attempt is too large") == true)
            #expect(outcomes.compactMap { $0?.value } == [#""hello 1""#])
        }
    }

    @Test func `a supervisor that somebody tells to end gets no more orders, and another one takes them`()
        async throws
    {
        let home = try ExecutorHome { $0.killGrace = .seconds(2) }
        try await home.withExecutor { executor, events in
            await executor.dispatch([try home.order("stubborn", 1)])
            _ = try await home.process(of: 1)
            let supervisor = try home.supervisor()

            supervisor.send(SIGTERM)
            var notStarted = 0
            var value: String?
            while value == nil {
                await executor.dispatch([try home.order("hello", 2)])
                guard let outcome = await events.outcome() else { break }
                if case .notStarted = outcome.verdict { notStarted += 1 }
                if outcome.attemptID.rawValue == 2 { value = outcome.value }
                await executor.acknowledge([outcome.attemptID])
            }

            #expect(value == #""hello 1""#)
            // As many as were sent before its word came.
            #expect(notStarted <= 3)
        }
    }

    @Test func `an outcome that cannot be read is told of once and put aside`() async throws {
        let home = try ExecutorHome()
        let path = "\(home.path)/attempts/7.outcome"
        try FileSystem.createFolder(FileSystem.parent(of: path))
        try FileSystem.write([1, 2], to: path, durable: false)
        let lines = Mutex<[String]>([])
        let log = SchedulerLog { _, text, _ in lines.withLock { $0.append(text) } }

        for _ in 1...2 { try await home.withExecutor(log: log) { _, _ in } }

        #expect(lines.withLock { $0.count { $0.contains("put aside as .damaged") } } == 1)
        #expect(FileSystem.exists(path + ".damaged"))
    }
}
