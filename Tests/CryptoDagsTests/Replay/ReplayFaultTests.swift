import CryptoCLI
import CryptoDags
import DagKit
import DagKitHTTPServer
import FoundationEssentials
import Synchronization
import Testing

/// What the pipeline makes of a server that does not give what it should.
@Suite struct ReplayFaultTests {
    @Test func `a sound answer over HTTP is loaded`() async throws {
        try await Self.serving { deployment, calls in
            let run = try await deployment.run(CryptoDataPipeline())

            #expect(run.run.state == .success, "\(deployment.log.suffix(3))")
            let count: Int = try await deployment.reading {
                try await $0.value("select count(*) from crypto_latest")
            }
            #expect(count == 250 && calls() == 1)
        }
    }

    @Test func `a retry finds the stored answer and makes no second call`() async throws {
        try await Self.serving { deployment, calls in
            let first = try await deployment.attempt("check_coincap_api")
            deployment.pass(300)
            let second = try await deployment.attempt("check_coincap_api", tryNumber: 2)

            #expect(first.failure == nil && second.failure == nil && calls() == 1)
            #expect(deployment.log.contains { $0.contains("stored and reused") })
        }
    }

    @Test func `the stored answer is packed with its hash, status and headers`() async throws {
        try await Self.serving { deployment, _ in
            _ = try await deployment.attempt("check_coincap_api")

            let row = try await deployment.reading { store in
                try await store.database.query(
                    "select encoding, length(body) * 2 < size, length(sha256), answers from crypto_raw")[0]
            }
            #expect(row.values.prefix(3) == ["gzip", 1, 64])
            let answers: String = try row["answers"]
            #expect(answers.contains("\"status\":200") && answers.contains("content-type"))
        }
    }

    @Test(arguments: [
        (
            fault: ReplayFault.rateLimit(retryAfter: 40), calls: 1, isRetryable: true,
            delay: Duration?.some(.seconds(40)), says: "rate limit"
        ),
        (.serverError(500), 4, true, nil, "status \"500\""),
        (.serverError(503), 4, true, nil, "maintenance"),
        (.truncated, 2, false, nil, "cut off"),
        (.html, 2, false, nil, "text/html"),
        (.retired, 1, false, nil, "https://rest.coincap.io/v3"),
        (.empty, 2, false, nil, "no asset"),
    ])
    func `each fault has its class`(
        fault: ReplayFault, calls expected: Int, isRetryable: Bool, delay: Duration?, says: String
    ) async throws {
        try await Self.serving(fault) { deployment, calls in
            let failure = try #require(try await deployment.attempt("check_coincap_api").failure)

            #expect(failure.isRetryable == isRetryable && failure.delay == delay && calls() == expected)
            #expect(failure.reason.contains(says) && !failure.reason.contains("\n"), "\(failure.reason)")
            let stored: Int = try await deployment.reading {
                try await $0.value("select count(*) from crypto_raw")
            }
            #expect(stored == 0)
        }
    }

    @Test func `a fault that passes is ridden out`() async throws {
        try await Self.serving(.serverError(503), count: 2) { deployment, calls in
            let outcome = try await deployment.attempt("check_coincap_api")

            #expect(outcome.failure == nil && calls() == 3)
        }
    }

    @Test func `a wrong key fails at once and is not shown`() async throws {
        try await Self.serving(key: "right", sending: "wrong-key") { deployment, calls in
            let failure = try #require(try await deployment.attempt("check_coincap_api").failure)

            #expect(!failure.isRetryable && failure.reason.contains("rejected the API key") && calls() == 1)
            #expect(!deployment.log.joined().contains("wrong-key"))
        }
    }

    @Test func `a server that is not there is tried again`() async throws {
        let deployment = try Deployment(variables: ["coincap_url": "http://127.0.0.1:1/v3"])

        let failure = try #require(try await deployment.attempt("check_coincap_api").failure)

        #expect(failure.isRetryable && failure.delay == nil && failure.reason.contains("unreachable"))
    }

    /// Runs `body` with a deployment that fetches from a server with a fault.
    private static func serving(
        _ fault: ReplayFault? = nil, count: Int? = nil, key: String? = nil, sending: String? = nil,
        _ body: (Deployment, () -> Int) async throws -> Void
    ) async throws {
        let replay = ReplayServer(
            market: .generated(seed: 1), fault: fault, faultCount: count, key: key, now: { .noon })
        let calls = Counter()
        try await HTTPServer.serving { request in
            calls.add()
            return await replay.answer(request)
        } while: { server in
            var variables = ["coincap_url": "http://127.0.0.1:\(server.port)/v3"]
            variables["coincap_api_key"] = sending
            try await body(try Deployment(variables: variables), { calls.value })
        }
    }
}

/// Counts what happens on many threads.
private final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func add() { count.withLock { $0 += 1 } }
}
