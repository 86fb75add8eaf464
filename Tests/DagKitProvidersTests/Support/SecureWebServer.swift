import DagKitCore

/// An HTTP server with TLS and a certificate that signs itself; it answers every GET with `secure`.
struct SecureWebServer: Sendable {
    let url: String
    let certificate: TestCertificate

    static func running<Value>(_ body: (SecureWebServer) async throws -> Value) async throws -> Value {
        let certificate = try await TestCertificate()
        let process = try ScriptProcess.start(
            script, ["certificate": .string(certificate.certificate), "key": .string(certificate.key)])
        do {
            let port = try await process.next()["port"]?.integer ?? 0
            let value = try await body(
                SecureWebServer(url: "https://localhost:\(port)", certificate: certificate))
            try await process.stop()
            return value
        } catch {
            try await process.stop()
            throw error
        }
    }

    private static let script = """
        import http.server, json, ssl, sys, threading

        options = json.loads(sys.argv[1])

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "6")
                self.end_headers()
                self.wfile.write(b"secure")

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                pass

        server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options["certificate"], options["key"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(json.dumps({"port": server.server_port}), flush=True)
        sys.stdin.read()
        """
}
