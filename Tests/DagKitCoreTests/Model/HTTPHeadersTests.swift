import DagKitCore
import Testing

@Suite struct HTTPHeadersTests {
    @Test func `names ignore case`() {
        let headers: HTTPHeaders = ["Content-Type": "text/plain"]

        #expect(headers["CONTENT-type"] == "text/plain")
        #expect(headers["Content"] == nil)
    }

    @Test func `setting a field replaces all of its name, in the place of the first`() {
        var headers: HTTPHeaders = ["A": "1", "B": "2", "a": "3"]

        headers["a"] = "4"

        #expect(headers.fields.map { "\($0.name)=\($0.value)" } == ["a=4", "B=2"])
    }

    @Test func `a field set to nil is removed`() {
        var headers: HTTPHeaders = ["A": "1", "B": "2"]

        headers["A"] = nil

        #expect(headers.values(of: "A") == [])
        #expect(headers["B"] == "2")
    }

    @Test func `line breaks in a value become spaces`() {
        let headers: HTTPHeaders = ["X": "a\r\nY: b\u{0}\t"]

        #expect(headers["X"] == "a  Y: b")
    }

    @Test(arguments: ["", "a b", "a:", "é", "a\n"])
    func `a name that is no token is none`(name: String) {
        #expect(!HTTPHeaders.isName(name))
    }
}
