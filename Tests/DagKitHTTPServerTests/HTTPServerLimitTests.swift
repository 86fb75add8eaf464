import DagKitHTTPServer
import Testing

@Suite struct HTTPServerLimitTests {
    @Test func `a body above the limit is answered with 413`() async throws {
        let body = String(repeating: "x", count: 5000)
        let request = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5000\r\n\r\n\(body)"

        let text = try await answer(to: request, configuration: .init(bodyLimit: 4999)) { _ in .text("taken")
        }

        #expect(text.hasPrefix("HTTP/1.1 413 "))
        #expect(text.contains("Connection: close\r\n"))
    }

    @Test func `a chunked body above the limit is answered with 413`() async throws {
        let chunk = "400\r\n\(String(repeating: "x", count: 1024))\r\n"
        let request =
            "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)\(chunk)0\r\n\r\n"

        let text = try await answer(to: request, configuration: .init(bodyLimit: 2047)) { _ in .text("taken")
        }

        #expect(text.hasPrefix("HTTP/1.1 413 "))
    }

    @Test func `a body at the limit is taken`() async throws {
        let body = String(repeating: "x", count: 5000)
        let request =
            "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n\(body)"

        let text = try await answer(to: request, configuration: .init(bodyLimit: 5000)) {
            .text("\($0.body.count)")
        }

        #expect(text.hasSuffix("\r\n\r\n5000"))
    }

    @Test func `a client that asks first is refused before it sends the body`() async throws {
        let request = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n"

        let text = try await answer(to: request, configuration: .init(bodyLimit: 100)) { _ in .text("taken") }

        #expect(text.hasPrefix("HTTP/1.1 413 "))
    }

    @Test func `a compressed body is answered with 415`() async throws {
        let request =
            "POST / HTTP/1.1\r\nHost: test\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"

        let text = try await answer(to: request) { _ in .text("taken") }

        #expect(text.hasPrefix("HTTP/1.1 415 "))
    }

    @Test(arguments: ["", "GET / HT", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nab"])
    func `a request that does not arrive in time ends its connection`(start: String) async throws {
        let limit = HTTPServer.Configuration(receiveTimeout: .milliseconds(100), idleTimeout: .seconds(3600))

        let text = try await answer(to: start, configuration: limit) { _ in .text("taken") }

        #expect(!text.contains("taken"))
    }

    @Test func `a client that dribbles bytes does not gain time by it`() async throws {
        let limit = HTTPServer.Configuration(receiveTimeout: .milliseconds(300), idleTimeout: .seconds(3600))
        try await HTTPServer.serving(configuration: limit, { _ in .text("taken") }) { server in
            let client = try RawClient(port: server.port)
            defer { client.close() }
            let dribble = Task {
                for byte in "GET / HTTP/1.1\r\nX-Long: \(String(repeating: "x", count: 100_000))".utf8 {
                    client.send([byte])
                    try await Task.sleep(for: .milliseconds(20))
                }
            }

            let text = try await client.readToEnd()

            dribble.cancel()
            _ = await dribble.result
            #expect(text == "")
        }
    }

    @Test func `an address over its connection limit is turned away`() async throws {
        let limit = HTTPServer.Configuration(connectionLimitPerAddress: 1)
        try await HTTPServer.serving(configuration: limit, { _ in .text("taken") }) { server in
            let first = try RawClient(port: server.port)
            defer { first.close() }
            first.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            _ = try await first.read(until: "taken")

            let second = try RawClient(port: server.port)
            defer { second.close() }

            #expect(try await second.readToEnd() == "")
        }
    }
}
