import DagKitHTTPServer
import Testing

@Suite struct HTTPQueryTests {
    @Test func `escapes are decoded and a plus is a space`() {
        let query = HTTPQuery("name=caf%C3%A9+noir&sign=%2B")

        #expect(query["name"] == "café noir")
        #expect(query["sign"] == "+")
    }

    @Test func `a parameter may occur several times and without a value`() {
        let query = HTTPQuery("tags=a&only_active&tags=b")

        #expect(query.all("tags") == ["a", "b"])
        #expect(query["only_active"] == "")
        #expect(query["missing"] == nil)
    }

    @Test(arguments: ["%", "%4", "%zz", "100%"])
    func `what is no escape stays as it is`(text: String) {
        #expect(HTTPQuery("a=\(text)")["a"] == text)
    }

    @Test func `an escaped slash does not part the path`() {
        let request = HTTPRequest(method: "GET", target: "/dags/a%2Fb/runs?x=/")

        #expect(request.segments == ["dags", "a/b", "runs"])
        #expect(request.path == "/dags/a/b/runs")
        #expect(request.query["x"] == "/")
    }
}
