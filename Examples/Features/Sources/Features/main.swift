import DagKit
import DagKitCLI

let dags: [any DAG] = [
    Branching(), Teardown(), Groups(), Mapping(), Outputs(), Params(), Failures(), Ledger(),
    Waiting(),
]
await CommandLineTool(dags: dags).main()
