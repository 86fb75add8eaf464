import DagKitCore

/// The sections and values of an INI file, each with its line.
///
/// Comments start a line with `#` or `;`; a line that starts with space goes on with the value before it.
/// Names of sections and keys are read in lower case.
package struct INIDocument: Sendable {
    /// A value and the line that it starts on.
    package struct Entry: Hashable, Sendable {
        package var value: String
        package let line: Int
    }

    /// The values by section and key.
    package private(set) var sections: [String: [String: Entry]] = [:]

    /// Reads a text.
    ///
    /// - Throws: ``INIError`` with the line of the first mistake.
    package init(parsing text: String, file: String) throws(INIError) {
        var section: String?
        var key: String?
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = raw.trimmed
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if let first = raw.first, first == " " || first == "\t", let section, let key {
                sections[section]?[key]?.value += "\n" + line
            } else if line.hasPrefix("[") {
                section = try Self.sectionName(line, file, index + 1)
                key = nil
            } else {
                key = try add(line, to: section, file, index + 1)
            }
        }
    }

    private mutating func add(
        _ line: String, to section: String?, _ file: String, _ number: Int
    ) throws(INIError) -> String {
        let place = "\(file):\(number)"
        guard let mark = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
            throw .noValue(line, at: place)
        }
        let key = line[..<mark].trimmed.lowercased()
        guard let section else { throw .noSection(key: key, at: place) }
        guard !key.isEmpty else { throw .noValue(line, at: place) }
        if let first = sections[section]?[key] { throw .twice(key: key, first: first.line, at: place) }
        let entry = Entry(value: line[line.index(after: mark)...].trimmed, line: number)
        sections[section, default: [:]][key] = entry
        return key
    }

    private static func sectionName(_ line: String, _ file: String, _ number: Int) throws(INIError) -> String
    {
        let name = line.dropFirst().prefix { $0 != "]" }.trimmed.lowercased()
        guard line.hasSuffix("]"), !name.isEmpty else { throw .badSection(line, at: "\(file):\(number)") }
        return name
    }
}

/// Why a text is no INI file.
package enum INIError: DagKitError, Equatable {
    case badSection(String, at: String)
    case noSection(key: String, at: String)
    case noValue(String, at: String)
    case twice(key: String, first: Int, at: String)

    package var location: String? {
        switch self {
        case .badSection(_, let place), .noSection(_, let place), .noValue(_, let place),
            .twice(_, _, let place):
            place
        }
    }

    package var problem: String {
        switch self {
        case .badSection(let line, _): "\"\(line)\" is no section"
        case .noSection(let key, _): "key \"\(key)\" stands in no section"
        // The line is not quoted: it may be a secret that lost its key.
        case .noValue: "the line has no key with a value"
        case .twice(let key, let first, _): "key \"\(key)\" is already set at line \(first)"
        }
    }

    package var remedy: String {
        switch self {
        case .badSection: "write it as [name]"
        case .noSection: "write a line such as [core] above it"
        case .noValue: "write it as key = value"
        case .twice: "remove one of the two"
        }
    }
}

extension StringProtocol {
    /// The text without space and line breaks at its ends.
    var trimmed: String {
        let start = self.drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }
}
