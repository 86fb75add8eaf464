import DagKitCore

/// The request of the moment on a way of redirects.
struct Redirect: Sendable {
    private(set) var request: HTTPClient.Request
    private(set) var count = 0

    init(_ request: HTTPClient.Request) {
        self.request = request
    }

    /// Where an answer leads; `nil` if it is no redirect.
    func location(in answer: RawAnswer) -> String? {
        guard [301, 302, 303, 307, 308].contains(answer.status) else { return nil }
        return answer.headers["Location"]
    }

    /// Makes the request of the next exchange.
    ///
    /// - Throws: ``HTTPError/badURL(_:reason:)`` if `location` is no `http` or `https` URL.
    mutating func follow(_ location: String, status: Int, from address: HTTPAddress) throws(HTTPError) {
        request.url = try HTTPAddress.resolve(location, from: request.url)
        count += 1
        if try HTTPAddress(request.url) != address {
            for name in ["Authorization", "Proxy-Authorization", "Cookie"] + request.secretHeaders {
                request.headers[name] = nil
            }
        }
        let turnsToGet = status == 303 ? request.method != "HEAD" : status <= 302 && request.method == "POST"
        guard turnsToGet else { return }
        request.method = "GET"
        request.body = nil
        for name in ["Content-Type", "Content-Encoding", "Content-Length"] { request.headers[name] = nil }
    }
}
