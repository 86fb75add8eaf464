import DagKit
import DagKitCLI

// A line each, so that each feature adds its own.
let dags: [any DAG] = [
    Branching(),
    Teardown(),
    Groups(),
    Mapping(),
    Outputs(),
    Params(),
    Failures(),
    Ledger(),
    Nightly(),
    Callbacks(),
    Waiting(),
    Assets(),
    AssetReport(),
    AssetWaiter(),
    Regions(),
    Limits(),
    Skipping(),
    Closing(),
]
await CommandLineTool(dags: dags + Schedules.all).main()
