import DagKitCLI

await CommandLineTool(dags: [Branching(), Teardown(), Groups()]).main()
