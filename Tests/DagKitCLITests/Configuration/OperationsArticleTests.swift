import DagKitCLI
import FoundationEssentials
import Testing

/// Holds the tables of `Documentation/operations.md` to the program.
@Suite struct OperationsArticleTests {
    /// The rows of the article's tables: the texts of their cells.
    private static let rows: [[String]] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let article = root.appending(path: "Documentation/operations.md")
        let text = (try? Data(contentsOf: article)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").filter { $0.hasPrefix("| ") }.map { line in
            line.split(separator: " |", omittingEmptySubsequences: false).map { cell in
                String(cell.drop { $0 == "|" || $0 == " " })
            }
        }
    }()

    private static func code(_ text: String) -> String { "`\(text)`" }

    @Test(arguments: ConfigurationKey.standard.map(\.fullName))
    func `each setting is listed with its default`(name: String) throws {
        let key = try #require(ConfigurationKey.standard.first { $0.fullName == name })
        let row = try #require(Self.rows.first { $0[0].contains(Self.code(name)) }, "\(name) is not listed")

        #expect(row[1] == key.standard.map(Self.code) ?? "")
    }

    @Test func `no setting is listed that does not exist`() {
        let known = Set(ConfigurationKey.standard.map { Self.code($0.fullName) })
        let sections = Set(ConfigurationKey.standard.map(\.section))
        let listed = Self.rows.flatMap { $0[0].split(separator: ", ").map(String.init) }.filter { name in
            sections.contains { name.hasPrefix("`\($0).") }
        }

        #expect(listed.count == known.count)
        #expect(Set(listed).subtracting(known) == [])
    }

    @Test func `every exit status is listed, and no other`() {
        let listed = Self.rows.flatMap { $0[0].split(separator: ", ") }.compactMap { Int32($0) }

        #expect(listed.sorted() == ExitCode.allCases.map(\.rawValue).sorted())
    }
}
