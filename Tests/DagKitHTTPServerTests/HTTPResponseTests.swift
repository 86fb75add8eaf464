import DagKitCore
import DagKitHTTPServer
import Glibc
import Testing

@Suite struct HTTPResponseTests {
    @Test func `events arrive while the response goes on`() async throws {
        let (ticks, ticker) = AsyncStream<String>.makeStream()
        let handler: HTTPServer.Handler = { _ in
            .events { stream in for await tick in ticks { try await stream.send(ServerSentEvent(tick)) } }
        }

        try await HTTPServer.serving(handler) { server in
            let client = try RawClient(port: server.port)
            defer { client.close() }
            client.send(get("/"))
            ticker.yield("one")
            let start = try await client.read(until: "data: one")
            ticker.yield("two")
            let second = try await client.read(until: "data: two")
            ticker.finish()
            let rest = try await client.readToEnd()

            #expect(start.contains("Content-Type: text/event-stream\r\n"))
            #expect(!start.contains("two"))
            #expect(second.contains("data: two\n\n"))
            #expect(rest.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func `a large streamed body arrives whole though it is written faster than it is read`()
        async throws
    {
        let block = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000)

        let text = try await answer(to: "GET / HTTP/1.0\r\n\r\n") { _ in
            HTTPResponse(body: .stream { writer in for _ in 0..<100 { try await writer.write(block) } })
        }

        #expect(text.utf8.count(where: { $0 == UInt8(ascii: "x") }) == 10_000_000)
    }

    @Test func `a writer learns that its client is gone`() async throws {
        let (ends, end) = AsyncStream<HTTPServerError?>.makeStream()
        let handler: HTTPServer.Handler = { _ in
            .events { stream in
                do {
                    while true { try await stream.write([UInt8](repeating: 0x78, count: 65536)) }
                } catch {
                    end.yield(error as? HTTPServerError)
                    throw error
                }
            }
        }

        try await HTTPServer.serving(handler) { server in
            let client = try RawClient(port: server.port)
            client.send(get("/"))
            _ = try await client.read(until: "xxx")
            client.close()

            for await error in ends {
                #expect(error == .clientGone)
                break
            }
        }
    }

    @Test func `a stream that fails is cut so that nobody takes it for the whole`() async throws {
        struct Broken: Error {}

        let text = try await answer(to: get("/")) { _ in
            HTTPResponse(
                body: .stream { writer in
                    try await writer.write("half")
                    throw Broken()
                })
        }

        #expect(text.contains("half"))
        #expect(!text.hasSuffix("0\r\n\r\n"))
    }

    @Test func `a waiting stream ends with the server`() async throws {
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        let server = try HTTPServer(configuration: .init(stopGrace: .milliseconds(50))) { _ in
            .events { stream in
                try await stream.send(ServerSentEvent("open"))
                arrival.yield()
                try await Task.sleep(for: .seconds(3600))
            }
        }
        async let running: Void = server.run()
        let client = try RawClient(port: server.port)
        defer { client.close() }
        client.send(get("/"))
        for await _ in arrived { break }

        server.stop()
        await running

        #expect(try await client.readToEnd().contains("data: open"))
    }

    @Test func `a file is sent with its length`() async throws {
        let path = "/tmp/dagkit-http-\(getpid())-\(UInt32.random(in: .min ... .max)).txt"
        let file = try #require(fopen(path, "w"))
        fputs("content", file)
        fclose(file)
        defer { unlink(path) }

        let text = try await answer(to: get("/")) { _ in
            HTTPResponse(headers: ["Content-Type": "text/plain"], body: .file(path: path))
        }

        #expect(text.contains("Content-Length: 7\r\n"))
        #expect(text.hasSuffix("\r\n\r\ncontent"))
    }

    @Test(arguments: ["/nowhere/at/all", "/tmp"])
    func `a file that cannot be sent is not found`(path: String) async throws {
        let text = try await answer(to: get("/")) { _ in HTTPResponse(body: .file(path: path)) }

        #expect(text.hasPrefix("HTTP/1.1 404 "))
    }

    @Test func `a truncated answer declares more than it sends`() async throws {
        let text = try await answer(to: get("/")) { _ in
            var response = HTTPResponse.text("0123456789")
            response.fault = HTTPFault(bytesSent: 4)
            return response
        }

        #expect(text.contains("Content-Length: 10\r\n"))
        #expect(text.hasSuffix("\r\n\r\n0123"))
    }

    @Test func `an answer that hangs up says nothing`() async throws {
        let text = try await answer(to: get("/")) { _ in
            var response = HTTPResponse.text("unsaid")
            response.fault = HTTPFault(hangsUp: true)
            return response
        }

        #expect(text == "")
    }

    @Test func `a delayed answer waits`() async throws {
        let clock = ContinuousClock()
        let start = clock.now

        let text = try await answer(to: get("/")) { _ in
            var response = HTTPResponse.text("late")
            response.fault = HTTPFault(delay: .milliseconds(50))
            return response
        }

        #expect(clock.now - start >= .milliseconds(50))
        #expect(text.hasSuffix("late"))
    }
}
