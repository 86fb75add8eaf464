/// A way from the root of a JSON text to one of its values; prints as a JSON Pointer (RFC 6901).
///
/// ```swift
/// let path: JSONPath = ["dags", 0, "schedule"]
/// path.description  // "/dags/0/schedule"
/// ```
public struct JSONPath: Hashable, Sendable, CustomStringConvertible, ExpressibleByArrayLiteral {
    /// One step: to a member of an object or to an element of an array.
    public enum Step: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
        case key(String)
        case index(Int)

        public init(stringLiteral value: String) { self = .key(value) }

        public init(integerLiteral value: Int) { self = .index(value) }
    }

    /// The steps, from the root on.
    public private(set) var steps: [Step]

    /// Creates a path; without steps it is the root.
    public init(_ steps: [Step] = []) { self.steps = steps }

    public init(arrayLiteral elements: Step...) { self.init(elements) }

    /// The path with one step more.
    public func appending(_ step: Step) -> JSONPath { JSONPath(steps + [step]) }

    /// The path without its last step; `nil` for the root.
    public var parent: JSONPath? { steps.isEmpty ? nil : JSONPath(Array(steps.dropLast())) }

    public var description: String {
        steps.reduce(into: "") { text, step in
            switch step {
            case .key(let key): text += "/" + Self.escape(key)
            case .index(let index): text += "/\(index)"
            }
        }
    }

    mutating func append(_ step: Step) { steps.append(step) }

    mutating func removeLast() { steps.removeLast() }

    private static func escape(_ key: String) -> String {
        key.reduce(into: "") { text, character in
            switch character {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.append(character)
            }
        }
    }
}

/// A JSON text parsed with the place of every value, for messages such as `dags.json:12:5: …`.
///
/// ```swift
/// let document = try JSONDocument(parsing: text)
/// document.location(of: ["dags", 0, "schedule"])  // 12:5
/// ```
public struct JSONDocument: Sendable {
    /// The value of the whole text.
    public let value: JSONValue

    private let lines: LineTable
    private let valueOffsets: [JSONPath: Int]
    private let keyOffsets: [JSONPath: Int]

    /// Parses a text and keeps the place of every value.
    ///
    /// - Throws: ``JSONError`` with the line and column of the first mistake.
    public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }

    /// Parses UTF-8 bytes and keeps the place of every value.
    ///
    /// - Throws: ``JSONError`` with the line and column of the first mistake.
    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var parser = JSONParser(bytes, limits: limits, recordsOffsets: true)
        value = try parser.parse()
        valueOffsets = parser.valueOffsets
        keyOffsets = parser.keyOffsets
        lines = LineTable(bytes)
    }

    /// The value at the root, from which one walks down with the places kept.
    public var root: JSONNode { JSONNode(value: value, path: JSONPath(), document: self) }

    /// Where a value starts; `nil` if there is none at that path.
    public func location(of path: JSONPath) -> JSONLocation? {
        valueOffsets[path].map(lines.location)
    }

    /// Where the key of a member starts; `nil` if there is none at that path.
    public func keyLocation(of path: JSONPath) -> JSONLocation? {
        keyOffsets[path].map(lines.location)
    }

    /// A value as it was written; `nil` if there is none at that path.
    public func text(of path: JSONPath) -> String? { valueOffsets[path].map(lines.value) }

    /// The place of a value, or of the nearest one around it if it is missing.
    public func nearestLocation(to path: JSONPath) -> JSONLocation {
        var path = path
        while true {
            if let location = location(of: path) { return location }
            guard let parent = path.parent else { return JSONLocation(line: 1, column: 1) }
            path = parent
        }
    }
}

/// A value of a ``JSONDocument`` together with its path and place.
public struct JSONNode: Sendable {
    /// The value itself.
    public let value: JSONValue

    /// Where it hangs in its document.
    public let path: JSONPath

    private let document: JSONDocument

    init(value: JSONValue, path: JSONPath, document: JSONDocument) {
        self.value = value
        self.path = path
        self.document = document
    }

    /// Where the value starts.
    public var location: JSONLocation { document.nearestLocation(to: path) }

    /// The value as it was written.
    public var text: String { document.text(of: path) ?? value.text }

    /// Where the key of this member starts; the place of the value if it is not a member.
    public var keyLocation: JSONLocation { document.keyLocation(of: path) ?? location }

    /// The member of an object; `nil` for a missing key and for anything but an object.
    public subscript(key: String) -> JSONNode? {
        value[key].map { JSONNode(value: $0, path: path.appending(.key(key)), document: document) }
    }

    /// The elements, if this is an array.
    public var elements: [JSONNode]? {
        value.array?.enumerated().map { index, element in
            JSONNode(value: element, path: path.appending(.index(index)), document: document)
        }
    }

    /// The members in the order of the text, if this is an object.
    public var members: [(key: String, node: JSONNode)]? {
        guard let members = value.object else { return nil }
        return members.map { key, value in
            (key, JSONNode(value: value, path: path.appending(.key(key)), document: document))
        }.sorted { document.offset(ofKey: $0.node.path) < document.offset(ofKey: $1.node.path) }
    }
}

extension JSONDocument {
    fileprivate func offset(ofKey path: JSONPath) -> Int { keyOffsets[path] ?? 0 }
}

/// Where the lines of a text start, so that an offset becomes a place without a walk from the top.
struct LineTable: Sendable {
    private let bytes: [UInt8]
    private let starts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        starts = [0] + bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
    }

    /// The text of the JSON value that starts at an offset.
    func value(from offset: Int) -> String {
        var (depth, isInString, isEscaped) = (0, false, false)
        var end = offset
        scan: while end < bytes.count {
            switch (bytes[end], isInString) {
            case _ where isEscaped: isEscaped = false
            case (UInt8(ascii: "\\"), true): isEscaped = true
            case (UInt8(ascii: "\""), _):
                isInString.toggle()
                if !isInString, depth == 0 { break scan }
            case (_, true): break
            case (UInt8(ascii: "{"), _), (UInt8(ascii: "["), _): depth += 1
            case (UInt8(ascii: "}"), _), (UInt8(ascii: "]"), _):
                // What ends a scalar is not part of it.
                if depth == 0 { return String(decoding: bytes[offset..<end], as: UTF8.self) }
                depth -= 1
                if depth == 0 { break scan }
            case (UInt8(ascii: ","), _), (UInt8(ascii: " "), _), (UInt8(ascii: "\n"), _),
                (UInt8(ascii: "\r"), _), (UInt8(ascii: "\t"), _):
                if depth == 0 { return String(decoding: bytes[offset..<end], as: UTF8.self) }
            default: break
            }
            end += 1
        }
        return String(decoding: bytes[offset..<min(end + 1, bytes.count)], as: UTF8.self)
    }

    func location(of offset: Int) -> JSONLocation {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        let scalars = bytes[starts[low]..<offset].count { $0 & 0xC0 != 0x80 }
        let hasMark = low == 0 && offset >= 3 && bytes.starts(with: [0xEF, 0xBB, 0xBF])
        return JSONLocation(line: low + 1, column: scalars - (hasMark ? 1 : 0) + 1)
    }
}
