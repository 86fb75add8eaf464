import DagKitCore
import DagKitHTTPServer
import DagKitProviders
import Testing

@Suite struct HTTPOperatorTests {
    private func connection(_ url: String, extra: String? = nil) -> Connection {
        Connection("api", type: "http", host: url, login: "bot", password: "word", extra: extra)
    }

    @Test func `the connection gives address, login and headers`() async throws {
        let echo: HTTPServer.Handler = { request in
            .text(
                "\(request.method) \(request.target) \(request.headers["Authorization"] ?? "") \(request.headers["X-A"] ?? "") "
                    + "\(request.headers["X-B"] ?? "") \(String(decoding: request.body, as: UTF8.self))")
        }
        let text = try await serving(echo) { url in
            let run = try OperatorRun(connections: [
                connection(url + "/v1/", extra: #"{"X-A": "1", "X-B": "2"}"#)
            ])
            return try await run(
                HTTPOperator(
                    "POST", connection: "api", endpoint: "jobs?x=1", headers: ["X-B": "own"], body: "{}"))
        }

        #expect(text == "POST /v1/jobs?x=1 Basic Ym90OndvcmQ= 1 own {}")
    }

    @Test func `a body may be another task's output`() async throws {
        let work = HTTPOperator("POST", connection: "api", body: .output(OperatorRun.other))

        let text = try await serving({ .text(String(decoding: $0.body, as: UTF8.self)) }) { url in
            try await OperatorRun(connections: [connection(url)], output: "report")(work)
        }

        #expect(text == "report")
        #expect(work.inputs.compactMap(\.producer) == ["other"])
    }

    @Test func `a status that will not change fails for good`() async throws {
        try await serving({ _ in .text("no", status: 404) }) { url in
            let error = await #expect(throws: TaskFailure.self) {
                try await OperatorRun(connections: [connection(url)])(HTTPOperator(connection: "api"))
            }

            #expect(error?.isRetryable == false)
            #expect(error?.problem == "\"\(url)\" answered \"404\": no")
        }
    }

    @Test func `a rate limit sets when the next try is due`() async throws {
        try await serving({ _ in HTTPResponse(status: 429, headers: ["Retry-After": "90"]) }) { url in
            let error = await #expect(throws: TaskFailure.self) {
                try await OperatorRun(connections: [connection(url)])(HTTPOperator(connection: "api"))
            }

            #expect(error?.isRetryable == true)
            #expect(error?.retryDelay == .seconds(90))
        }
    }

    @Test func `an error that may pass is retried by the task's rule`() async throws {
        try await serving({ _ in .text("", status: 503) }) { url in
            await #expect(throws: HTTPError.self) {
                try await OperatorRun(connections: [connection(url)])(HTTPOperator(connection: "api"))
            }
        }
    }

    @Test func `a connection that does not exist is told`() async throws {
        await #expect(throws: ServiceError.noConnection("api")) {
            try await OperatorRun()(HTTPOperator(connection: "api"))
        }
    }

    @Test(arguments: [
        (Connection("c", type: "http", host: "h"), "https://h/x"),
        (Connection("c", type: "http", host: "h", port: 8080, schema: "http"), "http://h:8080/x"),
        (Connection("c", type: "http", host: "http://h/base/"), "http://h/base/x"),
    ])
    func `host, schema and port make the address`(connection: Connection, url: String) throws {
        #expect(try HTTPConnection(connection).request("GET", "x").url == url)
    }

    @Test(arguments: [
        Connection("c", type: "http"), Connection("c", type: "http", host: "h", extra: "[]"),
        Connection("c", type: "http", host: "ftp://h"),
    ])
    func `a connection that is no HTTP service is refused`(connection: Connection) {
        #expect(throws: HTTPError.self) { try HTTPConnection(connection) }
    }

    @Test func `log and templates do not show the answer or credentials`() async throws {
        let run = try await serving({ _ in .text("secret answer") }) { url in
            let run = try OperatorRun(connections: [connection(url)])
            _ = try await run(HTTPOperator(connection: "api", endpoint: "/token/abc"))
            return run
        }

        #expect(run.log.lines.count == 1)
        #expect(!run.log.lines[0].contains("secret") && !run.log.lines[0].contains("abc"))
    }
}
