import DagKitSystem
import FoundationEssentials
import Testing

/// Builds and runs the example package as somebody else would: in this checkout, and from a git URL with a tag.
@Suite(.serialized) struct HelloDagTests {
    @Test func `the example builds by path, and its dag runs green`() async throws {
        let package = Checkout.root + "/Examples/HelloDag"

        let run = try await Checkout.run(
            [
                "swift", "run", "--package-path", package, "--scratch-path",
                Checkout.root + "/.build/hello-path", "hello",
            ]
                + ["dags", "test", "hello", "--conf", #"{"name": "Ada"}"#])

        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.contains("hello Ada"), "\(run.output)")
    }

    @Test func `the example builds from another folder by git URL and tag, and gets the whole command tree`()
        async throws
    {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Checkout.publish(to: folder + "/dagkit", tag: "0.1.0")
        try await Checkout.copyExample(to: folder + "/hello", dependingOn: folder + "/dagkit", tag: "0.1.0")

        let list = try await Checkout.run(
            [
                "swift", "run", "--package-path", folder + "/hello", "--scratch-path",
                Checkout.root + "/.build/hello-url",
            ]
                + ["hello", "dags", "list", "--output", "json"])
        let help = try await Checkout.run([Checkout.root + "/.build/hello-url/debug/hello", "--help"])

        #expect(list.status == 0, "\(list.output)")
        #expect(
            list.output.contains(#""dag_id":"hello""#) || list.output.contains(#""dag_id": "hello""#),
            "\(list.output)")
        for group in ["dags", "tasks", "variables", "connections", "db", "scheduler"] {
            #expect(help.output.contains(group))
        }
    }
}
