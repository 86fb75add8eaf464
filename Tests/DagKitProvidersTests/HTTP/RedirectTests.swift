import DagKitCore
import DagKitHTTPServer
import DagKitProviders
import Testing

@Suite struct RedirectTests {
    /// Shows what arrives at `/end`; everything else is sent there, or to the URL in `to`.
    private static let handler: HTTPServer.Handler = { request in
        guard request.path != "/end" else {
            return .text(
                "\(request.method) \(request.headers["Authorization"] ?? "-") \(request.headers["X-Api-Key"] ?? "-") "
                    + "\(request.headers["Accept"] ?? "-") \(request.body.count)")
        }
        return HTTPResponse(
            status: Int(request.query["status"] ?? "") ?? 302,
            headers: ["Location": request.query["to"] ?? "end"])
    }

    private static let headers: HTTPHeaders = [
        "Authorization": "Bearer x", "X-Api-Key": "y", "Accept": "text/plain",
    ]

    private func request(_ method: String = "GET", _ url: String, body: [UInt8]? = nil) -> HTTPClient.Request
    {
        HTTPClient.Request(method, url: url, headers: Self.headers, body: body, secretHeaders: ["X-Api-Key"])
    }

    @Test func `secrets follow a redirect within one origin`() async throws {
        try await serving(Self.handler) { url in
            let response = try await HTTPClient().send(request("GET", url + "/start"))

            #expect(response.text == "GET Bearer x y text/plain 0")
            #expect(response.redirects == 1)
        }
    }

    @Test func `secrets do not follow a redirect to another origin`() async throws {
        try await serving(Self.handler) { other in
            try await serving(Self.handler) { url in
                let response = try await HTTPClient().send(request("GET", "\(url)/start?to=\(other)/end"))

                #expect(response.text == "GET - - text/plain 0")
                #expect(response.origin == other)
            }
        }
    }

    @Test(arguments: [
        (301, "POST", "GET Bearer x y text/plain 0"), (302, "POST", "GET Bearer x y text/plain 0"),
        (303, "PUT", "GET Bearer x y text/plain 0"), (307, "POST", "POST Bearer x y text/plain 4"),
        (308, "PUT", "PUT Bearer x y text/plain 4"), (301, "PUT", "PUT Bearer x y text/plain 4"),
    ])
    func `a redirect keeps the method where it must`(status: Int, method: String, seen: String) async throws {
        try await serving(Self.handler) { url in
            let response = try await HTTPClient().send(
                request(method, "\(url)/start?status=\(status)", body: Array("body".utf8)))

            #expect(response.text == seen)
        }
    }

    @Test func `a loop of redirects ends`() async throws {
        let (error, origin) = try await failure(.init(redirectLimit: 3)) { _ in
            HTTPResponse(status: 302, headers: ["Location": "/again"])
        }

        #expect(error == .tooManyRedirects(origin: origin, limit: 3))
    }

    @Test func `without redirects allowed the redirect is the answer`() async throws {
        let response = try await answer(.init(redirectLimit: 0)) { _ in
            HTTPResponse(status: 302, headers: ["Location": "/again"])
        }

        #expect(response.status == 302)
        #expect(response.headers["Location"] == "/again")
    }

    @Test(arguments: ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/x"])
    func `a redirect out of HTTP is refused`(target: String) async throws {
        let (error, _) = try await failure { _ in HTTPResponse(status: 302, headers: ["Location": target]) }

        guard case .badURL = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
