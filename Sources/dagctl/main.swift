import DagKitCLI

await CommandLineTool(dags: [], bundle: "dagctl").main()
