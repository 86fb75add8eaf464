import CryptoCLI
import CryptoDags
import DagKitCLI

await CommandLineTool(
    dags: [CryptoDataPipeline(), CryptoMonitoring()], bundle: "dagctl", extensions: [.crypto]
).main()
