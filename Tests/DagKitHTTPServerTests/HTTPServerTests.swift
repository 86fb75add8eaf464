import DagKitCore
import DagKitHTTPServer
import Testing

@Suite struct HTTPServerTests {
    @Test func `a handler sees method, target, headers and body as they were sent`() async throws {
        let request =
            "POST /a%20b?x=1 HTTP/1.1\r\nHost: test\r\nX-Key: v\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody"

        let text = try await answer(to: request) { request in
            let body = String(decoding: request.body, as: UTF8.self)
            return .text(
                "\(request.method) \(request.path) \(request.query["x"] ?? "") \(request.headers["x-key"] ?? "") "
                    + "\(body) \(request.clientAddress)")
        }

        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.hasSuffix("\r\n\r\nPOST /a b 1 v body 127.0.0.1"))
    }

    @Test func `one connection carries several requests`() async throws {
        try await HTTPServer.serving({ .text($0.path) }) { server in
            let client = try RawClient(port: server.port)
            defer { client.close() }
            client.send("GET /one HTTP/1.1\r\nHost: test\r\n\r\n")
            let first = try await client.read(until: "/one")

            client.send("GET /two HTTP/1.1\r\nHost: test\r\n\r\n")
            let second = try await client.read(until: "/two")

            #expect(first.hasSuffix("\r\n\r\n/one"))
            #expect(!first.contains("Connection: close"))
            #expect(second.hasSuffix("\r\n\r\n/two"))
        }
    }

    @Test func `a slow handler does not hold up another request`() async throws {
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let handler: HTTPServer.Handler = { request in
            if request.path == "/slow" { for await _ in gate { break } }
            return .text(request.path)
        }

        try await HTTPServer.serving(handler) { server in
            let slow = try RawClient(port: server.port)
            let fast = try RawClient(port: server.port)
            defer { slow.close() }
            defer { fast.close() }
            slow.send(get("/slow"))
            fast.send(get("/fast"))

            #expect(try await fast.readToEnd().hasSuffix("/fast"))
            opener.yield()
            #expect(try await slow.readToEnd().hasSuffix("/slow"))
        }
    }

    @Test func `a HEAD request gets the header alone`() async throws {
        let text = try await answer(to: get("/", method: "HEAD")) { _ in .text("12345") }

        #expect(text.contains("Content-Length: 5\r\n"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test func `a header value cannot smuggle in a second field`() async throws {
        let text = try await answer(to: get("/")) { _ in
            HTTPResponse(headers: ["X-Note": "a\r\nSet-Cookie: b"])
        }

        #expect(text.contains("X-Note: a  Set-Cookie: b\r\n"))
    }

    @Test func `a port that is taken is refused with a remedy`() async throws {
        try await HTTPServer.serving({ _ in .text("") }) { server in
            let error = #expect(throws: HTTPServerError.self) {
                try HTTPServer(configuration: .init(port: server.port)) { _ in .text("") }
            }
            #expect(
                error?.description
                    == "cannot listen on \"127.0.0.1:\(server.port)\": address already in use; "
                    + "choose another address or port, or stop what listens there")
        }
    }

    @Test func `a host name that would need a look-up is refused`() {
        #expect(throws: HTTPServerError.self) {
            try HTTPServer(configuration: .init(host: "example.org")) { _ in .text("") }
        }
    }

    @Test func `a text is compressed for a client that takes gzip`() async throws {
        let page = String(repeating: "dag ", count: 1000)

        let packed = try await answer(to: get("/", headers: "Accept-Encoding: br, gzip\r\n")) { _ in
            .text(page)
        }
        let plain = try await answer(to: get("/", headers: "Accept-Encoding: gzip;q=0\r\n")) { _ in
            .text(page)
        }

        #expect(packed.contains("Content-Encoding: gzip\r\n"))
        #expect(packed.contains("Vary: Accept-Encoding\r\n"))
        #expect(packed.utf8.count < 1000)
        #expect(!plain.contains("Content-Encoding"))
        #expect(plain.hasSuffix(page))
    }

    @Test func `a stopping server finishes what is under way`() async throws {
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        let server = try HTTPServer { _ in
            arrival.yield()
            for await _ in gate { break }
            return .text("done")
        }
        async let running: Void = server.run()
        let busy = try RawClient(port: server.port)
        let idle = try RawClient(port: server.port)
        defer { busy.close() }
        defer { idle.close() }
        busy.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        for await _ in arrived { break }

        server.stop()

        #expect(try await idle.readToEnd() == "")
        opener.yield()
        let text = try await busy.readToEnd()
        #expect(text.hasSuffix("done"))
        #expect(text.contains("Connection: close\r\n"))
        #expect(throws: RawClientError.refused) { try RawClient(port: server.port) }
        await running
    }

    @Test func `a stopping server cuts what outlasts the grace`() async throws {
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        let server = try HTTPServer(configuration: .init(stopGrace: .milliseconds(50))) { _ in
            arrival.yield()
            try? await Task.sleep(for: .seconds(3600))
            return .text("late")
        }
        async let running: Void = server.run()
        let client = try RawClient(port: server.port)
        defer { client.close() }
        client.send(get("/"))
        for await _ in arrived { break }

        server.stop()
        await running

        #expect(try await client.readToEnd() == "")
    }

    @Test func `a server that never ran ends its connections when it is let go`() async throws {
        var server: HTTPServer? = try HTTPServer { _ in .text("") }
        let client = try RawClient(port: try #require(server).port)
        defer { client.close() }
        client.send(get("/"))

        server = nil

        #expect(try await client.readToEnd() == "")
    }
}
