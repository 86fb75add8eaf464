import CCurl
import DagKitCore

/// An answer as it came over the wire, its body perhaps compressed.
struct RawAnswer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]
    let timing: HTTPClient.Timing
}

/// One exchange of a request for an answer, without redirects.
struct HTTPTransfer: Sendable {
    let request: HTTPClient.Request
    let address: HTTPAddress
    let configuration: HTTPClient.Configuration
    /// What is left of the time for all exchanges together.
    let left: Duration

    /// Sets the transfer up, lets it run, and reads what it brought; blocks.
    ///
    /// - Throws: ``CurlFailure``, ``HTTPError/tooLarge(origin:limit:)``, or `CancellationError`.
    func run(on transfer: borrowing CurlTransfer, perform: () throws -> Void) throws -> RawAnswer {
        let body = CurlBuffer(limit: configuration.bodyLimit)
        let lines = CurlLines()
        try setUp(transfer)
        try transfer.set(CURLOPT_WRITEFUNCTION, receiveBody, for: CURLOPT_WRITEDATA, body)
        try transfer.set(CURLOPT_HEADERFUNCTION, receiveHTTPLine, for: CURLOPT_HEADERDATA, lines)
        do {
            try withExtendedLifetime((body, lines)) { try perform() }
        } catch let failure as CurlFailure where body.isOverLimit {
            _ = failure
            throw HTTPError.tooLarge(origin: address.origin, limit: configuration.bodyLimit)
        }
        return RawAnswer(
            status: transfer.number(CURLINFO_RESPONSE_CODE), headers: Self.headers(lines.lines),
            body: body.bytes, timing: HTTPClient.Timing(transfer))
    }

    private func setUp(_ transfer: borrowing CurlTransfer) throws(CurlFailure) {
        try transfer.set(CURLOPT_PROTOCOLS_STR, "http,https")
        try transfer.set(CURLOPT_URL, request.url)
        try transfer.set(CURLOPT_CONNECTTIMEOUT_MS, min(configuration.connectTimeout, left))
        try transfer.set(CURLOPT_TIMEOUT_MS, left)
        try transfer.set(CURLOPT_FOLLOWLOCATION, 0)
        if let caFile = configuration.caFile { try transfer.set(CURLOPT_CAINFO, caFile) }
        // What stays on this machine needs no proxy that the environment may name.
        if address.isLoopback { try transfer.set(CURLOPT_PROXY, "") }
        try setMethodAndBody(transfer)
        try transfer.set(CURLOPT_HTTPHEADER, list: headerLines)
    }

    private func setMethodAndBody(_ transfer: borrowing CurlTransfer) throws(CurlFailure) {
        switch (request.method, request.body) {
        case ("GET", nil): try transfer.set(CURLOPT_HTTPGET, 1)
        case ("HEAD", _): try transfer.set(CURLOPT_NOBODY, 1)
        case ("POST", nil), ("PUT", nil), ("PATCH", nil):
            try transfer.setBody([])
            try transfer.set(CURLOPT_CUSTOMREQUEST, request.method)
        case (_, nil): try transfer.set(CURLOPT_CUSTOMREQUEST, request.method)
        case (_, let body?):
            try transfer.setBody(body)
            try transfer.set(CURLOPT_CUSTOMREQUEST, request.method)
        }
    }

    private var headerLines: [String] {
        var headers = request.headers
        if headers["User-Agent"] == nil { headers["User-Agent"] = configuration.userAgent }
        if headers["Accept-Encoding"] == nil { headers["Accept-Encoding"] = "gzip" }
        var lines = headers.fields.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        // An empty value takes back what the library would send by itself.
        if headers["Content-Type"] == nil { lines.append("Content-Type:") }
        if headers["Expect"] == nil { lines.append("Expect:") }
        return lines
    }

    private static func headers(_ lines: [String]) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, HTTPHeaders.isName(String(parts[0])) else { continue }
            headers.append(String(parts[0]), String(parts[1]))
        }
        return headers
    }
}

extension HTTPClient.Timing {
    init(_ transfer: borrowing CurlTransfer) {
        nameLookup = transfer.time(CURLINFO_NAMELOOKUP_TIME_T)
        connect = transfer.time(CURLINFO_CONNECT_TIME_T)
        tls = transfer.time(CURLINFO_APPCONNECT_TIME_T)
        firstByte = transfer.time(CURLINFO_STARTTRANSFER_TIME_T)
        total = transfer.time(CURLINFO_TOTAL_TIME_T)
    }
}

extension HTTPError {
    /// The class of a failed transfer.
    init(_ failure: CurlFailure, at address: HTTPAddress, _ configuration: HTTPClient.Configuration) {
        let origin = address.origin
        self =
            switch failure.code {
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badURL(origin, reason: failure.reason)
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .cannotResolve(origin: origin)
            case CURLE_COULDNT_CONNECT: .cannotConnect(origin: origin, reason: failure.reason)
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
                CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR:
                .tls(origin: origin, reason: failure.reason)
            case CURLE_OPERATION_TIMEDOUT where failure.wasConnecting:
                .connectTimeout(
                    origin: origin, limit: min(configuration.connectTimeout, configuration.timeout))
            case CURLE_OPERATION_TIMEDOUT: .timeout(origin: origin, limit: configuration.timeout)
            case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2,
                CURLE_HTTP2_STREAM:
                .truncated(origin: origin)
            case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
                .malformed(origin: origin, reason: failure.reason)
            default: .other(origin: origin, reason: failure.reason)
            }
    }
}
