import DagKitHTTPServer
import Testing

@Suite struct ServerSentEventTests {
    @Test func `an event of several lines has a data line for each`() {
        let event = ServerSentEvent("one\ntwo", id: "7", name: "run")

        #expect(event.text == "id: 7\nevent: run\ndata: one\ndata: two\n\n")
    }

    @Test func `a line break in an id cannot make a field of its own`() {
        #expect(ServerSentEvent("x", id: "7\ndata: y").text == "id: 7 data: y\ndata: x\n\n")
    }
}
