import DagKitSystem
import Testing

/// Secrets whose key is gone.
@Suite struct LostKeyTests {
    @Test(arguments: ["variables", "connections"])
    func `a list shows what can be read, and names what cannot`(kind: String) async throws {
        let deployment = try Deployment(dags: #"{"dags": {}}"#)
        let set = kind == "variables" ? "variables set --secret" : "connections add"
        func value(_ text: String) -> String {
            kind == "variables" ? text : "--conn-uri postgres://ada:\(text)@example.org/a"
        }
        #expect(try await deployment.dagctl("\(set) lost \(value("old"))").status == 0)
        let keys = try FileSystem.names(in: "\(deployment.home)/keys")
        for name in keys { try FileSystem.remove("\(deployment.home)/keys/\(name)") }
        #expect(try await deployment.dagctl("\(set) kept \(value("new"))").status == 0)

        let list = try await deployment.dagctl("\(kind) list")

        #expect(list.status == 5, "\(list)")
        #expect(list.output.contains("kept") && !list.output.contains("lost"), "\(list)")
        #expect(list.complaint.contains("\"lost\" is sealed with key"), "\(list)")
        #expect(list.complaint.contains("put that key back into the key file"), "\(list)")
    }
}
