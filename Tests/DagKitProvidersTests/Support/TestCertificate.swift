import DagKitSystem

/// A certificate for `localhost` that signs itself, made anew.
struct TestCertificate: Sendable {
    private let folder: TemporaryFolder

    var certificate: String { folder.path + "/certificate.pem" }
    var key: String { folder.path + "/key.pem" }

    init() async throws {
        folder = try TemporaryFolder()
        let null = try FileDescriptor.open("/dev/null", 2)
        let exit = try await ChildProcess.start(
            Command(
                "openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", folder.path + "/key.pem", "-out", folder.path + "/certificate.pem",
                ], descriptors: [2: null.raw])
        ).wait()
        guard exit.isSuccess else { throw SystemError.failed("make a certificate", "openssl", code: 1) }
    }
}
