import DagKitCore
import DagKitSystem

extension HTTPResponse {
    /// Bodies below this size are not worth the work.
    private static let smallestCompressed = 1024

    /// The response with its body compressed, if the client takes gzip and the body gains by it.
    func compressed(for request: HTTPRequest) -> HTTPResponse {
        guard case .bytes(let bytes) = body, bytes.count >= Self.smallestCompressed, isCompressible else {
            return self
        }
        var response = self
        response.headers.append("Vary", "Accept-Encoding")
        guard Self.acceptsGzip(request), let packed = try? Gzip.compress(bytes) else { return response }
        response.headers["Content-Encoding"] = "gzip"
        response.body = .bytes(packed)
        return response
    }

    private var isCompressible: Bool {
        guard headers["Content-Encoding"] == nil, let type = headers["Content-Type"]?.lowercased() else {
            return false
        }
        return type.hasPrefix("text/") || ["json", "javascript", "xml"].contains { type.contains($0) }
    }

    static func acceptsGzip(_ request: HTTPRequest) -> Bool {
        let codings = request.headers.values(of: "Accept-Encoding").flatMap {
            $0.lowercased().split(separator: ",")
        }
        return codings.contains { coding in
            let parts = coding.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard parts.first == "gzip" || parts.first == "*" else { return false }
            return !parts.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
        }
    }
}
