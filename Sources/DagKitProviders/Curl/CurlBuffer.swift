/// Collects what a transfer receives, up to a limit.
final class CurlBuffer {
    private(set) var bytes: [UInt8] = []
    /// Whether more arrived than is allowed; the transfer is then ended.
    private(set) var isOverLimit = false
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes bytes; returns how many, which ends the transfer if it is not all.
    func append(_ part: UnsafeRawBufferPointer) -> Int {
        guard part.count <= limit - bytes.count else {
            isOverLimit = true
            return 0
        }
        bytes.append(contentsOf: part)
        return part.count
    }
}

/// Collects the lines that a server sends outside of the body.
final class CurlLines {
    private(set) var lines: [String] = []

    /// Takes a line; `startsWith` begins anew, so that only the last answer's lines are kept.
    func append(_ part: UnsafeRawBufferPointer, restartAt start: String?) -> Int {
        var line = String(decoding: part, as: UTF8.self)
        while line.last?.isNewline == true { line.removeLast() }
        if let start, line.hasPrefix(start) { lines = [] }
        lines.append(line)
        return part.count
    }
}

/// What is sent, bit by bit.
final class CurlSource {
    private let bytes: [UInt8]
    private var sent = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func read(into target: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(target.count, bytes.count - sent)
        bytes.withUnsafeBytes {
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + count]))
        }
        sent += count
        return count
    }
}

// The library's callbacks, on the thread of the transfer. They are functions of the file: a closure could inherit an actor.

func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let buffer = Unmanaged<CurlBuffer>.fromOpaque(context).takeUnretainedValue()
    return buffer.append(UnsafeRawBufferPointer(start: bytes, count: size * count))
}

func receiveHTTPLine(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let lines = Unmanaged<CurlLines>.fromOpaque(context).takeUnretainedValue()
    return lines.append(UnsafeRawBufferPointer(start: bytes, count: size * count), restartAt: "HTTP/")
}

func receiveSMTPLine(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let lines = Unmanaged<CurlLines>.fromOpaque(context).takeUnretainedValue()
    return lines.append(UnsafeRawBufferPointer(start: bytes, count: size * count), restartAt: nil)
}

func sendBody(
    _ target: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let source = Unmanaged<CurlSource>.fromOpaque(context).takeUnretainedValue()
    return source.read(into: UnsafeMutableRawBufferPointer(start: target, count: size * count))
}
