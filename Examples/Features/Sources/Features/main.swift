import DagKitCLI

await CommandLineTool(
    dags: [
        Branching(), Teardown(), Groups(), Mapping(), Outputs(), Params(), Failures(), Assets(),
        AssetReport(),
    ]
).main()
