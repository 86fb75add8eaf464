import CZlib
import DagKitCore

/// Compression in the gzip format.
package enum Gzip {
    /// The gzip form of `bytes`; the same bytes always give the same form.
    package static func compress(_ bytes: [UInt8], level: Int32 = 6) throws(GzipError) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window, and 16 for a gzip header without a time or a name.
        guard
            deflateInit2_(
                &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw .noMemory }
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(bytes.count))) + 32
        return try transform(bytes, into: &stream, room: bound, limit: bound) { deflate(&$0, Z_FINISH) }
    }

    /// The bytes that a gzip form stands for.
    ///
    /// - Parameter limit: The most bytes that may come out: a small input can stand for a very large output.
    /// - Throws: ``GzipError``.
    package static func decompress(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
        var stream = z_stream()
        guard
            inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw .noMemory }
        defer { inflateEnd(&stream) }
        let room = min(max(bytes.count * 4, 4096), limit + 1)
        return try transform(bytes, into: &stream, room: room, limit: limit) { inflate(&$0, Z_NO_FLUSH) }
    }

    private static func transform(
        _ bytes: [UInt8], into stream: inout z_stream, room: Int, limit: Int, step: (inout z_stream) -> Int32
    ) throws(GzipError) -> [UInt8] {
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: max(room, 1))
        var consumed = 0
        while true {
            var produced = 0
            let status = bytes.withUnsafeBufferPointer { input in
                chunk.withUnsafeMutableBufferPointer { buffer in
                    let available = min(input.count - consumed, Int(UInt32.max))
                    stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress.map { $0 + consumed })
                    stream.avail_in = UInt32(available)
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = UInt32(min(buffer.count, Int(UInt32.max)))
                    let wanted = Int(stream.avail_out)
                    let status = step(&stream)
                    consumed += available - Int(stream.avail_in)
                    produced = wanted - Int(stream.avail_out)
                    return status
                }
            }
            output += chunk[..<produced]
            guard output.count <= limit else { throw .tooLong(limit: limit) }
            switch status {
            case Z_STREAM_END: return try finished(output, consumed: consumed, of: bytes.count)
            case Z_OK where produced > 0 || consumed < bytes.count: continue
            case Z_MEM_ERROR: throw .noMemory
            case Z_OK, Z_BUF_ERROR: throw .cutOff
            default: throw .damaged
            }
        }
    }

    private static func finished(_ output: [UInt8], consumed: Int, of count: Int) throws(GzipError) -> [UInt8]
    {
        guard consumed == count else { throw .damaged }
        return output
    }
}

/// Why bytes cannot be compressed or decompressed.
package enum GzipError: DagKitError, Equatable {
    case damaged
    case cutOff
    case tooLong(limit: Int)
    case noMemory

    package var problem: String {
        switch self {
        case .damaged: "the compressed data is damaged"
        case .cutOff: "the compressed data ends too early"
        case .tooLong(let limit): "the data is over the limit of \"\(limit)\" bytes once decompressed"
        case .noMemory: "there is no memory for the compressor"
        }
    }

    package var remedy: String {
        switch self {
        case .damaged, .cutOff: "fetch or store it again"
        case .tooLong: "check where it comes from, or raise the limit"
        case .noMemory: "free some memory"
        }
    }
}
