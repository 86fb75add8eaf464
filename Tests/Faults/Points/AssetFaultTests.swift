import DagKitCore
import DagKitStore
import DagKitSystem
import Testing

/// The update of an asset, the run that it causes and the wait that it ends, while schedulers are killed around them.
@Suite(.serialized) struct AssetFaultTests {
    private static let dags: JSONValue = [
        "source": [
            "paused": false, "schedule": "@once", "start_date": "2026-01-01",
            "tasks": [["id": "load", "command": "true", "outlets": ["prices"]]],
        ],
        "reader": [
            "paused": false, "schedule": ["assets": ["any": ["prices"]]],
            "tasks": [["id": "read", "command": "echo read >>$PROOF/read"]],
        ],
        "waiter": [
            "paused": false, "schedule": "@once", "start_date": "2026-01-01",
            "tasks": [
                ["id": "wait", "operator": "asset_sensor", "asset": "prices"],
                ["id": "go", "after": ["wait"], "command": "echo go >>$PROOF/go"],
            ],
        ],
    ]

    /// Points of the scheduler, each at its first passings: both runs are created, and three tasks run.
    private static let points = [
        "creating", "created", "dispatched", "ordered", "recording", "recorded", "acknowledged",
    ]
    .flatMap { label in (1...3).map { "scheduler.\(label):\($0)" } }

    @Test(arguments: points)
    func `killed at a point, an update is stored once, makes one run, and ends the wait`(point: String)
        async throws
    {
        let walk = try FaultPointWalk(point, dags: Self.dags)
        let home = walk.home

        #expect(try await walk.run() <= 1)

        try await home.withStore { store in
            let events = try await store.assetEvents(AssetEventQuery())
            let readers = try await store.runs(RunQuery(dagID: "reader"))
            let waiters = try await store.runs(RunQuery(dagID: "waiter"))
            #expect(events.map(\.source?.taskID) == ["load"])
            #expect(readers.map(\.type) == [.assetTriggered])
            #expect((readers + waiters).map(\.state) == [.success, .success])
            for run in readers {
                let taken = try await store.assetEvents(AssetEventQuery(consumer: run.key))
                #expect(taken.map(\.number) == events.map(\.number))
            }
            #expect(try await store.assetQueue() == [:])
        }
        // The death of a scheduler makes no task run twice.
        for word in ["read", "go"] {
            #expect(try FileSystem.readText("\(home.proof)/\(word)") == "\(word)\n")
        }
    }
}
