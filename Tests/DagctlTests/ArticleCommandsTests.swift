import DagKitSystem
import FoundationEssentials
import Testing

/// Holds the command lines in the articles to the program.
@Suite struct ArticleCommandsTests {
    private static let root = FileSystem.parent(of: FileSystem.parent(of: FileSystem.parent(of: #filePath)))

    @Test func `every command of the articles exists, with its options`() async throws {
        let deployment = try Deployment()
        let lines = try Self.articles().flatMap { article in
            Self.commands(in: try FileSystem.readText(article))
        }

        for line in Set(lines).sorted() {
            let result = try await deployment.dagctl("\(line) --help")
            #expect(result.status == 0, "dagctl \(line): \(result)")
        }
        #expect(lines.count > 20)
    }

    @Test func `commands are found in code and in prose`() {
        let text = """
            Run `dagctl db check`, not `dagctl`; `dagctl dags list | head` too.
            ```
            $ dagctl dags list -o plain
            KEY=1 .build/release/dagctl dags test a '{"b c": 1}' &
            not dagctl at all
            ```
            """

        #expect(
            Self.commands(in: text) == ["db check", "dags list", "dags list -o plain", "dags test a"])
    }

    private static func articles() throws -> [String] {
        let names = try FileSystem.names(in: root + "/Documentation").filter { $0.hasSuffix(".md") }
        return names.map { "\(root)/Documentation/\($0)" } + ["\(root)/README.md"]
    }

    /// The words behind `dagctl` in each command line, up to what a shell reads first.
    private static func commands(in text: String) -> [String] {
        var isCode = false
        return text.split(separator: "\n").flatMap { line -> [String] in
            if line.hasPrefix("```") { isCode.toggle() }
            if isCode { return [words(of: line)].compactMap { $0 } }
            return line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.compactMap { words(of: $0.element) }
        }
    }

    private static func words(of line: Substring) -> String? {
        var words = line.split(separator: " ")[...]
        while let first = words.first, first == "$" || first.contains("=") { words = words.dropFirst() }
        guard words.first == "dagctl" || words.first?.hasSuffix("/dagctl") == true else { return nil }
        let own = words.dropFirst().prefix { word in
            !["&", "|", ">", "<", "#", "…"].contains(word) && !word.hasPrefix("'") && !word.hasPrefix("\"")
        }
        return own.isEmpty ? nil : own.joined(separator: " ")
    }
}
