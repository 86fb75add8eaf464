/// A line of Swift as the rules look at it: without comments and without the contents of its strings.
struct SwiftLine: CustomStringConvertible {
    let path: String
    let number: Int
    let code: String

    var description: String { "\(path):\(number): \(code)" }

    /// The module that the line imports; `nil` if it imports none.
    var importedModule: String? {
        let words = code.split(separator: " ").map(String.init)
        guard let place = words.firstIndex(of: "import"), words.indices.contains(place + 1),
            words[..<place].allSatisfy({ $0.hasPrefix("@") || Self.accessLevels.contains($0) })
        else { return nil }
        let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let name = kinds.contains(words[place + 1]) ? words.last! : words[place + 1]  // words is not empty
        return name.split(separator: ".").first.map(String.init)
    }

    /// Whether the line declares something that other targets see.
    var isVisible: Bool {
        let words = code.split(separator: " ")
        return words.contains("public") || words.contains("package")
    }

    /// Whether `word` stands in the line with no letter, digit, dot or underscore in front of it, and none behind it
    /// unless it ends in a parenthesis; its own declaration does not count.
    func mentions(_ word: String) -> Bool {
        var rest = code[...]
        while let found = rest.firstRange(of: word) {
            let before =
                found.lowerBound == code.startIndex ? nil : code[code.index(before: found.lowerBound)]
            let after = found.upperBound == code.endIndex ? nil : code[found.upperBound]
            let isApart = !(before.map { Self.isOfName($0) || $0 == "." } ?? false)
            let ends = word.last == ")" || word.last == "(" || !(after.map(Self.isOfName) ?? false)
            if isApart, ends, !Self.declares(code[..<found.lowerBound]) { return true }
            rest = code[found.upperBound...]
        }
        return false
    }

    /// The lines of a file that hold code.
    static func lines(of file: Repository.File) -> [SwiftLine] {
        file.lines.enumerated().compactMap { index, line in
            let code = stripped(line)
            return code.isEmpty ? nil : SwiftLine(path: file.path, number: index + 1, code: code)
        }
    }

    private static func declares(_ before: Substring) -> Bool {
        before.hasSuffix("func ") || before.hasSuffix("case ")
    }

    private static let accessLevels: Set = ["public", "package", "internal", "fileprivate", "private"]

    private static func isOfName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    private static func stripped(_ line: String) -> String {
        var code = ""
        var isQuoted = false
        var previous: Character = " "
        for character in line {
            if character == "\"", previous != "\\" {
                isQuoted.toggle()
                code.append(character)
            } else if !isQuoted {
                if character == "/", previous == "/" {
                    code.removeLast()
                    break
                }
                code.append(character)
            }
            previous = character
        }
        let scalars = code.split(separator: " ", omittingEmptySubsequences: true)
        return scalars.joined(separator: " ")
    }
}
