import DagKitCLI

await CommandLineTool(dags: [Hello()]).main()
