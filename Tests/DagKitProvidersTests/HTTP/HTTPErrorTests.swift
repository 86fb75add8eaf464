import DagKitCore
import DagKitHTTPServer
import DagKitProviders
import DagKitSystem
import Testing

@Suite struct HTTPErrorTests {
    @Test func `an answer that is cut off is truncated`() async throws {
        let (error, origin) = try await failure { _ in .text("0123456789").failing(HTTPFault(bytesSent: 4)) }

        #expect(error == .truncated(origin: origin))
        #expect(error?.isTransient == true)
    }

    @Test func `a server that hangs up is truncated`() async throws {
        let (error, origin) = try await failure { _ in .text("").failing(HTTPFault(hangsUp: true)) }

        #expect(error == .truncated(origin: origin))
    }

    @Test func `a compressed answer that ends too early is truncated`() async throws {
        let packed = try Gzip.compress(Array(String(repeating: "asset ", count: 1000).utf8))

        let (error, origin) = try await failure { _ in
            HTTPResponse(headers: ["Content-Encoding": "gzip"], body: .bytes(Array(packed.dropLast(12))))
        }

        #expect(error == .truncated(origin: origin))
    }

    @Test func `damaged compression is malformed and not tried again`() async throws {
        let (error, _) = try await failure { _ in
            HTTPResponse(headers: ["Content-Encoding": "gzip"], body: .bytes(Array("<!DOCTYPE html>".utf8)))
        }

        guard case .malformed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.isTransient == false)
    }

    @Test func `a body over the limit is refused`() async throws {
        let (error, origin) = try await failure(.init(bodyLimit: 999)) { _ in
            HTTPResponse(body: .bytes([UInt8](repeating: 0, count: 1000)))
        }

        #expect(error == .tooLarge(origin: origin, limit: 999))
    }

    @Test func `a small body that would decompress into a large one is refused`() async throws {
        let bomb = try Gzip.compress([UInt8](repeating: 0, count: 20 << 20))

        let (error, origin) = try await failure(.init(bodyLimit: 1 << 20)) { _ in
            HTTPResponse(headers: ["Content-Encoding": "gzip"], body: .bytes(bomb))
        }

        #expect(bomb.count < 1 << 20)
        #expect(error == .tooLarge(origin: origin, limit: 1 << 20))
    }

    @Test func `a server that does not answer in time is a timeout`() async throws {
        // Long enough for the connection, which has an error of its own.
        let (error, origin) = try await failure(.init(timeout: .seconds(1))) { _ in
            .text("late").failing(HTTPFault(delay: .seconds(3600)))
        }

        #expect(error == .timeout(origin: origin, limit: .seconds(1)))
        #expect(error?.isTransient == true)
        #expect(
            error?.description == "no complete answer from \"\(origin)\" within 1.0 seconds; "
                + "try again later, or allow more time")
    }

    @Test func `a host that does not take the connection in time is a connect timeout`() async throws {
        let port = try #require(FullQueue.port)

        await #expect(
            throws: HTTPError.connectTimeout(origin: "http://127.0.0.1:\(port)", limit: .milliseconds(100))
        ) {
            try await HTTPClient(.init(connectTimeout: .milliseconds(100))).get("http://127.0.0.1:\(port)/")
        }
    }

    @Test func `a port on which nobody listens cannot be connected to`() async throws {
        let url = try await serving({ _ in .text("") }) { $0 }

        let error = await #expect(throws: HTTPError.self) { try await HTTPClient().get(url) }

        guard case .cannotConnect(url, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.isTransient == true)
    }

    @Test func `a host without an address cannot be resolved`() async throws {
        // The name is reserved: no resolver may find it.
        await #expect(throws: HTTPError.cannotResolve(origin: "http://nowhere.invalid")) {
            try await HTTPClient().get("http://nowhere.invalid/")
        }
    }

    @Test(arguments: [
        ("", "\"\""), ("nonsense://h/p?token=1", "\"nonsense://h/…\""),
        ("https://user:word@host/path", "\"https://host/…\""), ("file:///etc/passwd", "\"file:///…\""),
        ("https://ho st/", "\"https://ho st/…\""), ("https://host:99999/x", "\"https://host:99999/…\""),
    ])
    func `a bad URL is refused without what it may keep secret`(url: String, shown: String) async throws {
        let error = await #expect(throws: HTTPError.self) { try await HTTPClient().get(url) }

        #expect(error?.description.hasPrefix("the URL \(shown) cannot be used: ") == true, "\(error!)")
        #expect(error?.isTransient == false)
    }

    @Test func `no text shows path, query or credentials`() async throws {
        let (error, _) = try await failure(.init(timeout: .milliseconds(50))) { _ in
            .text("").failing(HTTPFault(delay: .seconds(3600)))
        }
        let request = HTTPClient.Request(
            url: "https://h.example/hook/T0KEN?key=1", headers: ["Authorization": "x"])

        #expect(error?.description.contains("secret") == false)
        #expect("\(request)" == "GET https://h.example/…")
    }

    @Test(arguments: [
        (400, false), (404, false), (408, true), (429, true), (500, true), (501, false), (503, true),
    ])
    func `a status is transient or not`(status: Int, isTransient: Bool) {
        let error = HTTPError.status(status, origin: "https://h", excerpt: "", retryAfter: nil)

        #expect(error.isTransient == isTransient)
    }
}
