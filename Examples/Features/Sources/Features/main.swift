import DagKitCLI

await CommandLineTool(dags: [
    Branching(), Teardown(), Groups(), Mapping(), Outputs(), Params(), Failures(), Callbacks(),
]).main()
