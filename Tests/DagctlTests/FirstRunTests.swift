import DagKitSystem
import FoundationEssentials
import Testing

/// What `make run` does once `dagctl` is built.
@Suite struct FirstRunTests {
    private static let script =
        FileSystem.parent(of: FileSystem.parent(of: FileSystem.parent(of: #filePath)))
        + "/packaging/first-run"

    @Test
    func `a demonstration ends green with the ten largest coins, and a second one goes on with its data`()
        async throws
    {
        let deployment = try Deployment(environment: [:])

        let first = try await deployment.run([Self.script, Deployment.program])
        let second = try await deployment.run([Self.script, Deployment.program])

        #expect(first.status == 0, "\(first)")
        #expect(second.status == 0, "\(second)")
        #expect(first.output.contains("COINCAP_API_KEY is not set"))
        #expect(first.output.contains("TOP 10 CRYPTOMONNAIES:"))
        let lines = first.output.split(separator: "\n")
        #expect(lines.count { line in (1...10).contains { line.hasPrefix("\($0) ") } } == 10)
        #expect(second.errors.contains("is up to date"))
        #expect(second.output.contains("Exécutions du jour: 2 réussies"), "\(second)")
        #expect(first.output.contains("export DAGKIT_HOME=\(deployment.folder)/.dagkit-demo\n"))
    }

    @Test func `with a key it asks CoinCap, and a wrong address fails the run and says where to look`()
        async throws
    {
        let deployment = try Deployment(environment: [
            "COINCAP_API_KEY": "0123456789abcdef", "DAGKIT_VAR_COINCAP_URL": "http://127.0.0.1:9/v2",
            "DAGKIT__CRYPTO__SOURCE": "replay:nowhere",
        ])

        let result = try await deployment.run([Self.script, Deployment.program])

        #expect(result.status == 1)
        #expect(!result.output.contains("demonstration"))
        #expect(result.output.contains("export DAGKIT_HOME=\(deployment.folder)/.dagkit\n"))
        #expect(result.errors.contains("check_coincap_api failed ("), "\(result)")
    }
}
