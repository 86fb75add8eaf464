import DagKitCore
import DagKitProviders
import Testing

@Suite struct SMTPConfigurationTests {
    @Test(arguments: [
        (nil, nil, SMTPClient.Security.startTLS, 587), (465, nil, .tls, 465), (25, nil, .startTLS, 25),
        (25, #"{"disable_tls": true}"#, .none, 25), (nil, #"{"disable_ssl": false}"#, .tls, 465),
        (2525, #"{"security": "starttls_if_offered"}"#, .startTLSIfOffered, 2525),
    ])
    func `a connection says how the mail server is reached`(
        port: Int?, extra: String?, security: SMTPClient.Security, effective: Int
    ) throws {
        let connection = Connection("smtp_default", type: "smtp", host: "h", port: port, extra: extra)

        let configuration = try SMTPClient.Configuration(connection)

        #expect(configuration.security == security)
        #expect(configuration.port == effective)
    }

    @Test func `login, authority and timeout come from the connection`() throws {
        let connection = Connection(
            "smtp_default", type: "smtp", host: "h", login: "bot", password: "word",
            extra: #"{"ca_file": "/ca.pem", "timeout": 7}"#)

        let configuration = try SMTPClient.Configuration(connection)

        #expect(configuration.user == "bot")
        #expect(configuration.password == "word")
        #expect(configuration.caFile == "/ca.pem")
        #expect(configuration.timeout == .seconds(7))
    }

    @Test func `the password is in no description`() throws {
        let configuration = SMTPClient.Configuration(host: "h", user: "bot", password: "w0rd")

        var dumped = ""
        dump(configuration, to: &dumped)

        #expect(!"\(configuration)".contains("w0rd"))
        #expect(!dumped.contains("w0rd"))
    }

    @Test func `a security that is unknown is refused with those that are known`() {
        let connection = Connection("smtp_default", type: "smtp", host: "h", extra: #"{"security": "ssl"}"#)

        let error = #expect(throws: SMTPError.self) { try SMTPClient.Configuration(connection) }

        #expect(
            error?.problem == "connection \"smtp_default\" is no mail server: "
                + "its security \"ssl\" is none of tls, starttls, starttls_if_offered, none")
    }

    @Test(arguments: [nil, ""])
    func `a connection without a host is refused`(host: String?) {
        #expect(throws: SMTPError.badConnection("m", reason: "it has no host")) {
            try SMTPClient.Configuration(Connection("m", type: "smtp", host: host))
        }
    }
}
