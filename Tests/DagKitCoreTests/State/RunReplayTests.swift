import DagKitCore
import FoundationEssentials
import Testing

@Suite struct RunReplayTests {
    @Test func `at the end of its events a replayed run is as the machine has it, and as it was before`()
        throws
    {
        var play = try Play(
            .fixture(tasks: [
                FixtureTask(id: "list", upstream: []),
                FixtureTask(id: "each", upstream: ["list"], retries: 1, mappedOver: "list"),
                FixtureTask(id: "join", upstream: ["each"]),
            ]))
        play.now += 10
        play.finish("list", .success(EncodedOutput(json: "[1,2]", typeName: "[Int]", count: 2)))
        let middle = play.now
        play.now += 10
        play.finish("each", mapIndex: 1, .failed(reason: "no", isRetryable: true, retryDelay: nil))
        let events = try #require(play.machine.takeBatch()?.events)

        let now = try #require(RunReplay(events, until: play.now))
        let past = try #require(RunReplay(events, until: middle))

        let spec = play.machine.spec
        #expect(now.instances(of: spec).map(\.state) == play.machine.instances.map(\.state))
        #expect(now.instances(of: spec).map(\.reason) == play.machine.instances.map(\.reason))
        #expect(past.instances(of: spec).map(\.state) == [.success, .scheduled, .scheduled, nil])
        #expect(past.obstacle(to: past.instances(of: spec)[3], in: spec) == "waits for each")
        #expect(past.since[past.instances(of: spec)[0].key] == middle)
        #expect(RunReplay(events, until: .noon - 1) == nil)
    }
}
