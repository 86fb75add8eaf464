import DagKitSQL

/// Values in the text form in which the server reads them; it decides by the place what type they have.
struct BoundValues {
    /// All texts, each ended by a zero.
    private var bytes: [CChar] = []

    /// Where each text starts; `nil` for NULL.
    private var starts: [Int?] = []

    var count: Int { starts.count }

    init(_ values: [SQLValue]) throws(ValueFailure) {
        starts.reserveCapacity(values.count)
        for value in values {
            guard let text = try value.postgresText() else {
                starts.append(nil)
                continue
            }
            starts.append(bytes.count)
            bytes.append(contentsOf: text.lazy.map { CChar(bitPattern: $0) })
            bytes.append(0)
        }
    }

    /// Lends the texts to C.
    func withPointers<Result>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        bytes.withUnsafeBufferPointer { buffer in
            let pointers = starts.map { start in
                start.flatMap { start in buffer.baseAddress.map { $0 + start } }
            }
            return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }
}

/// Why a value cannot go to the server; the connection makes an ``SQLError`` of it.
enum ValueFailure: Error {
    case notANumber
    case nul
}

extension SQLValue {
    /// The value as the server reads it; `nil` for NULL.
    func postgresText() throws(ValueFailure) -> [UInt8]? {
        switch self {
        case .null: return nil
        case .integer(let number): return Array(String(number).utf8)
        case .real(let number):
            if number.isNaN { throw .notANumber }
            if number.isInfinite { return Array((number < 0 ? "-Infinity" : "Infinity").utf8) }
            return Array(number.description.utf8)
        case .text(let text):
            let bytes = Array(text.utf8)
            // C would end the text there without a word.
            if bytes.contains(0) { throw .nul }
            return bytes
        case .blob(let bytes):
            let digits = Array("0123456789abcdef".utf8)
            return [UInt8](unsafeUninitializedCapacity: 2 + 2 * bytes.count) { buffer, count in
                buffer[0] = UInt8(ascii: "\\")
                buffer[1] = UInt8(ascii: "x")
                count = 2
                for byte in bytes {
                    buffer[count] = digits[Int(byte >> 4)]
                    buffer[count + 1] = digits[Int(byte & 15)]
                    count += 2
                }
            }
        }
    }

    /// Adds the value to a line of COPY.
    func appendCopyText(to line: inout [UInt8]) throws(ValueFailure) {
        guard let text = try postgresText() else {
            line.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "N")])
            return
        }
        for byte in text {
            switch byte {
            case UInt8(ascii: "\\"): line.append(contentsOf: [byte, byte])
            case UInt8(ascii: "\t"): line.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
            case UInt8(ascii: "\n"): line.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            case UInt8(ascii: "\r"): line.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
            default: line.append(byte)
            }
        }
    }
}
