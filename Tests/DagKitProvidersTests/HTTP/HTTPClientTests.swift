import DagKitCore
import DagKitHTTPServer
import DagKitProviders
import DagKitSystem
import Testing

@Suite struct HTTPClientTests {
    @Test func `method, headers and body arrive, and the answer comes back`() async throws {
        try await serving { request in
            let body = String(decoding: request.body, as: UTF8.self)
            return HTTPResponse(
                status: 201,
                headers: ["X-Seen": "\(request.method) \(request.headers["X-Key"] ?? "") \(body)"],
                body: .bytes([0, 255]))
        } while: { url in
            let request = HTTPClient.Request(
                "PUT", url: url + "/a", headers: ["X-Key": "v"], body: Array("content".utf8))

            let response = try await HTTPClient().send(request)

            #expect(response.status == 201)
            #expect(response.headers["x-seen"] == "PUT v content")
            #expect(response.body == [0, 255])
            #expect(response.origin == url)
            #expect(response.timing.total > .zero)
        }
    }

    @Test(arguments: ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    func `a request without a body keeps its method and adds no content type`(method: String) async throws {
        try await serving { request in
            .text("\(request.method) \(request.headers["Content-Type"] ?? "none") \(request.body.count)")
        } while: { url in
            let response = try await HTTPClient().send(.init(method, url: url))

            #expect(response.text == "\(method) none 0")
        }
    }

    @Test func `a HEAD request ends with the header`() async throws {
        try await serving({ _ in .text("12345") }) { url in
            let response = try await HTTPClient().send(.init("HEAD", url: url))

            #expect(response.status == 200)
            #expect(response.headers["Content-Length"] == "5")
            #expect(response.body == [])
        }
    }

    @Test func `the client says who it is`() async throws {
        let response = try await answer { .text($0.headers["User-Agent"] ?? "") }

        #expect(response.text == "dagkit/\(DagKitVersion.current)")
    }

    @Test func `a compressed answer is decompressed`() async throws {
        let page = String(repeating: "asset ", count: 1000)

        let response = try await answer { _ in .text(page) }

        #expect(response.headers["Content-Encoding"] == "gzip")
        #expect(response.text == page)
    }

    @Test func `a status that is no success is an answer until success is required`() async throws {
        let response = try await answer { _ in
            HTTPResponse(
                status: 429, headers: ["Retry-After": "7"],
                body: .bytes(Array("{\n \"error\": \"slow  down\"}".utf8)))
        }

        let error = #expect(throws: HTTPError.self) { try response.requireSuccess() }

        #expect(response.status == 429)
        #expect(error?.retryAfter == .seconds(7))
        #expect(
            error?.description == "\"\(response.origin)\" answered \"429\": { \"error\": \"slow down\"}; "
                + "try again in 7.0 seconds")
    }

    @Test func `a date in Retry-After is measured by the server's clock`() async throws {
        let response = try await answer { _ in
            HTTPResponse(
                status: 503, headers: ["Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"])
        }

        #expect(response.retryAfter() == .seconds(900))
    }

    @Test func `a connection is used again`() async throws {
        try await serving({ .text("\($0.path)") }) { url in
            let client = HTTPClient()
            let first = try await client.get(url + "/one")
            let second = try await client.get(url + "/two")

            #expect(first.timing.connect > .zero)
            #expect(second.text == "/two")
            #expect(second.timing.connect == .zero)
        }
    }

    @Test func `many requests run at once`() async throws {
        try await serving({ .text($0.path) }) { url in
            let client = HTTPClient()
            let texts = try await withThrowingTaskGroup { group in
                for number in 0..<40 { group.addTask { try await client.get("\(url)/\(number)").text } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }

            #expect(texts == Set((0..<40).map { "/\($0)" }))
        }
    }

    @Test func `a cancelled task ends its request at once`() async throws {
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        try await serving { _ in
            arrival.yield()
            try? await Task.sleep(for: .seconds(3600))
            return .text("late")
        } while: { url in
            let request = Task { try await HTTPClient(.init(timeout: .seconds(3600))).get(url) }
            for await _ in arrived { break }

            let clock = ContinuousClock()
            let start = clock.now
            request.cancel()

            await #expect(throws: CancellationError.self) { try await request.value }
            #expect(clock.now - start < .seconds(9))
        }
    }
}
