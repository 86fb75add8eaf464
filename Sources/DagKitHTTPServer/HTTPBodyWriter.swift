/// Where a streaming response writes its body to.
///
/// A write returns when the bytes are accepted, which is at once unless the client reads slower than it is written to.
public struct HTTPBodyWriter: Sendable {
    let channel: BodyChannel

    /// Writes bytes; waits while too many are on their way.
    ///
    /// - Throws: ``HTTPServerError/clientGone`` once the client no longer listens, or `CancellationError`.
    public func write(_ bytes: [UInt8]) async throws {
        try await channel.write(bytes)
    }

    /// Writes text in UTF-8; waits while too many bytes are on their way.
    ///
    /// - Throws: ``HTTPServerError/clientGone`` once the client no longer listens, or `CancellationError`.
    public func write(_ text: String) async throws {
        try await channel.write(Array(text.utf8))
    }
}
