/// Replaces secrets in a stream of bytes by `***`, before they reach a log, a page or a mail.
///
/// A secret is found wherever the stream is cut into chunks: what may be the beginning of one is held back until
/// the next chunk decides. All bytes that belong to any secret are hidden, also where two overlap.
///
/// ```swift
/// var masker = SecretMasker(SecretPatterns(["hunter2-hunter2"]))
/// masker.mask(Array("password hunter2-".utf8))  // "password "
/// masker.mask(Array("hunter2\n".utf8))          // "***\n"
/// ```
public struct SecretMasker: Sendable {
    /// What is looked for; may grow while the stream runs.
    public var patterns: SecretPatterns

    /// What was held back, and may be the beginning of a secret.
    private var tail: [UInt8] = []

    /// How many bytes from the start of ``tail`` on belong to a secret that was already found.
    private var coveredCount = 0

    /// Whether the last byte that was decided belongs to a secret, whose stars are already written.
    private var isInsideSecret = false

    /// Creates a masker at the start of a stream.
    public init(_ patterns: SecretPatterns) {
        self.patterns = patterns
    }

    /// The part of the stream up to and with `chunk` that is decided, masked.
    public mutating func mask(_ chunk: some Sequence<UInt8>) -> [UInt8] {
        advance(chunk, isLast: false)
    }

    /// What was held back, masked; the masker is ready for a new stream.
    public mutating func finish() -> [UInt8] {
        let rest = advance(EmptyCollection(), isLast: true)
        isInsideSecret = false
        return rest
    }

    /// `text` with all secrets masked.
    public func mask(_ text: String) -> String {
        guard !patterns.isEmpty else { return text }
        var masker = SecretMasker(patterns)
        let masked = masker.mask(text.utf8) + masker.finish()
        return String(decoding: masked, as: UTF8.self)
    }

    private static let stars = Array("***".utf8)

    private mutating func advance(_ chunk: some Sequence<UInt8>, isLast: Bool) -> [UInt8] {
        if patterns.isEmpty, tail.isEmpty, coveredCount == 0 {
            isInsideSecret = false
            return Array(chunk)
        }
        let input = tail + chunk
        var output: [UInt8] = []
        output.reserveCapacity(input.count)
        let used = input.withUnsafeBufferPointer { scan($0, isLast: isLast, into: &output) }
        tail = Array(input[used...])
        coveredCount = max(coveredCount - used, 0)
        return output
    }

    /// Writes what is decided to `output`, and returns how many bytes of `input` that was.
    private mutating func scan(
        _ input: UnsafeBufferPointer<UInt8>, isLast: Bool, into output: inout [UInt8]
    ) -> Int {
        var index = 0
        while index < input.count {
            let candidates = patterns.byFirstByte[Int(input[index])]
            if !candidates.isEmpty {
                let found = longestMatch(candidates, input, index)
                if found.mayGrow, !isLast { return index }
                coveredCount = max(coveredCount, index + found.count)
            }
            if index < coveredCount {
                if !isInsideSecret { output += Self.stars }
                isInsideSecret = true
            } else {
                output.append(input[index])
                isInsideSecret = false
            }
            index += 1
        }
        return index
    }

    /// The length of the longest pattern at `start`, and whether a longer one runs out of the input.
    private func longestMatch(
        _ candidates: [[UInt8]], _ input: UnsafeBufferPointer<UInt8>, _ start: Int
    ) -> (count: Int, mayGrow: Bool) {
        let available = input.count - start
        var mayGrow = false
        for pattern in candidates {
            let compared = min(pattern.count, available)
            let isEqual = pattern.withUnsafeBufferPointer { bytes in
                (0..<compared).allSatisfy { bytes[$0] == input[start + $0] }
            }
            guard isEqual else { continue }
            if pattern.count <= available { return (pattern.count, mayGrow) }
            mayGrow = true
        }
        return (0, mayGrow)
    }
}
