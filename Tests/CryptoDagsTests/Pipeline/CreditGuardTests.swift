import CryptoDags
import DagKit
import DagKitHTTPServer
import FoundationEssentials
import Synchronization
import Testing

/// The guard over the credits of a metered CoinCap, as a run meets it.
@Suite struct CreditGuardTests {
    @Test func `from the soft limit on each run warns, and at the hard limit it fails without a call`()
        async throws
    {
        try await Self.serving(["metered": "always", "credit_limit": "5"]) { deployment, calls in
            var warnings: [Int] = []
            for run in 1...5 {
                let outcome = try await deployment.attempt("check_coincap_api", runID: RunID("run-\(run)"))
                #expect(outcome.failure == nil)
                warnings.append(deployment.log.count { $0.hasPrefix("WARNING CoinCap: used") })
            }

            let refused = try #require(
                try await deployment.attempt("check_coincap_api", runID: "run-6").failure)

            #expect(warnings == [0, 0, 0, 1, 2])
            #expect(deployment.log.contains { $0.contains("used \"4\" of 5 credits this month") })
            #expect(!refused.isRetryable && refused.reason.contains("used \"5\" of 5 credits"))
            #expect(refused.reason.hasSuffix("wait for the next month or raise crypto.credit_limit"))
            #expect(calls() == 5)
        }
    }

    @Test(arguments: [("20", true), ("21", false)])
    func `the share from which on runs warn is a setting`(share: String, warns: Bool) async throws {
        let settings = ["metered": "always", "credit_limit": "5", "credit_warning": share]
        try await Self.serving(settings) { deployment, _ in
            _ = try await deployment.attempt("check_coincap_api")

            #expect(deployment.log.contains { $0.hasPrefix("WARNING CoinCap: used \"1\" of 5") } == warns)
        }
    }

    @Test(arguments: [("auto", 0), ("never", 0), ("always", 1)])
    func `a server that is not CoinCap's own costs credits only where that is said`(
        metered: String, credits: Int
    ) async throws {
        try await Self.serving(["metered": metered]) { deployment, calls in
            _ = try await deployment.attempt("check_coincap_api")

            let used = try await deployment.reading { try await $0.creditUsage(limit: 500, now: .noon).used }
            #expect(used == credits && calls() == 1)
        }
    }

    @Test func `a refusal for want of a plan tells our own count`() async throws {
        try await HTTPServer.serving({ _ in .text("{\"error\":\"plan\"}", status: 402) }) { server in
            let deployment = try Deployment(
                ["metered": "always"], variables: ["coincap_url": "\(server.url)/v3"])

            let failure = try #require(try await deployment.attempt("check_coincap_api").failure)

            #expect(!failure.isRetryable)
            #expect(
                failure.reason.contains("limit (\"402\"), used \"1\" of 500 credits this month (our count)"))
        }
    }

    @Test func `CoinCap's own address is not called once the credits are spent`() async throws {
        let deployment = try Deployment(
            ["credit_limit": "3"], variables: ["coincap_api_key": "k"])
        try await deployment.reading { store in
            for _ in 0..<3 { try await store.reserveCredits(limit: 3, now: .noon) }
        }

        let refused = try #require(try await deployment.attempt("check_coincap_api").failure)

        #expect(!refused.isRetryable && refused.reason.contains("credits of this month are spent"))
        #expect(try await deployment.reading { try await $0.creditUsage(limit: 3, now: .noon).used } == 3)
    }

    /// Runs `body` with a deployment that fetches from a server of this machine, and the count of its calls.
    private static func serving(
        _ settings: [String: String], _ body: (Deployment, () -> Int) async throws -> Void
    ) async throws {
        let calls = Mutex(0)
        let answer = String(decoding: GeneratedMarket(seed: 1).document(at: .noon, limit: 250), as: UTF8.self)
        try await HTTPServer.serving({ _ in
            calls.withLock { $0 += 1 }
            return .json(answer)
        }) { server in
            let deployment = try Deployment(settings, variables: ["coincap_url": "\(server.url)/v3"])
            try await body(deployment) { calls.withLock { $0 } }
        }
    }
}
