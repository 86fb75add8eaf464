public import DagKitCore
import DagKitSystem

/// The gzip format, as files and HTTP bodies use it.
///
/// ```swift
/// let packed = try Compression.gzip(Array(text.utf8))
/// let bytes = try Compression.gunzip(packed, limit: 16 << 20)
/// ```
public enum Compression {
    /// The gzip form of `bytes`; equal bytes and levels give equal forms.
    ///
    /// - Parameter level: From 1, the fastest, to 9, the smallest.
    /// - Throws: ``CompressionError/noMemory``.
    public static func gzip(_ bytes: [UInt8], level: Int = 6) throws(CompressionError) -> [UInt8] {
        precondition((1...9).contains(level))
        do { return try Gzip.compress(bytes, level: Int32(level)) } catch { throw CompressionError(error) }
    }

    /// The bytes that a gzip form stands for.
    ///
    /// - Parameter limit: The most bytes that may come out: a small input can stand for a very large output.
    /// - Throws: ``CompressionError``.
    public static func gunzip(_ bytes: [UInt8], limit: Int) throws(CompressionError) -> [UInt8] {
        do { return try Gzip.decompress(bytes, limit: limit) } catch { throw CompressionError(error) }
    }
}

/// Why bytes cannot be compressed or decompressed.
public enum CompressionError: DagKitError, Equatable {
    case damaged
    case cutOff
    case tooLong(limit: Int)
    case noMemory

    init(_ error: GzipError) {
        self =
            switch error {
            case .damaged: .damaged
            case .cutOff: .cutOff
            case .tooLong(let limit): .tooLong(limit: limit)
            case .noMemory: .noMemory
            }
    }

    public var problem: String { cause.problem }
    public var remedy: String { cause.remedy }

    private var cause: GzipError {
        switch self {
        case .damaged: .damaged
        case .cutOff: .cutOff
        case .tooLong(let limit): .tooLong(limit: limit)
        case .noMemory: .noMemory
        }
    }
}
