import DagKitSystem
import Glibc

/// The certificates of a test server: an authority of our own, one that the server has nothing to do with, and the
/// server's, for `localhost` only.
enum ServerCertificate {
    static func make(in folder: String, owner: ServerOwner) async throws {
        for name in ["ca", "stranger"] {
            _ = try await Tool.output(
                "openssl",
                ["req", "-x509"] + newKey("\(folder)/\(name)", subject: "/CN=DagKit tests \(name)")
                    + ["-days", "2", "-out", "\(folder)/\(name).pem"])
        }
        _ = try await Tool.output(
            "openssl",
            ["req"] + newKey("\(folder)/server", subject: "/CN=localhost")
                + ["-addext", "subjectAltName=DNS:localhost", "-out", "\(folder)/server.csr"])
        _ = try await Tool.output(
            "openssl",
            [
                "x509", "-req", "-in", "\(folder)/server.csr", "-CA", "\(folder)/ca.pem", "-CAkey",
                "\(folder)/ca.key", "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out",
                "\(folder)/server.pem",
            ])
        for file in ["server.pem", "server.key"] {
            try owner.own("\(folder)/\(file)")
            guard chmod("\(folder)/\(file)", 0o600) == 0 else { throw SystemError.last("protect", file) }
        }
        for name in ["ca", "stranger"] { chmod("\(folder)/\(name).pem", 0o644) }
    }

    private static func newKey(_ path: String, subject: String) -> [String] {
        [
            "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", subject,
            "-keyout",
            "\(path).key",
        ]
    }
}
