import DagKitProviders
import Testing

@Suite struct HTTPSecurityTests {
    @Test func `a certificate that nobody vouches for is refused`() async throws {
        try await SecureWebServer.running { server in
            let error = await #expect(throws: HTTPError.self) { try await HTTPClient().get(server.url) }

            guard case .tls = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.remedy == "check the server's certificate, or name its authority in a CA file")
        }
    }

    @Test func `a certificate of a named authority is trusted`() async throws {
        try await SecureWebServer.running { server in
            let client = HTTPClient(.init(caFile: server.certificate.certificate))

            let response = try await client.get(server.url)

            #expect(response.text == "secure")
            #expect(response.timing.tls > .zero)
        }
    }

    @Test func `a certificate for another host is refused`() async throws {
        try await SecureWebServer.running { server in
            let client = HTTPClient(.init(caFile: server.certificate.certificate))
            let other = server.url.replacing("localhost", with: "127.0.0.1")

            let error = await #expect(throws: HTTPError.self) { try await client.get(other) }

            guard case .tls = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func `a CA file that is missing is told`() async throws {
        try await SecureWebServer.running { server in
            let error = await #expect(throws: HTTPError.self) {
                try await HTTPClient(.init(caFile: "/nowhere/ca.pem")).get(server.url)
            }

            guard case .tls = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }
}
