import FoundationEssentials
import Testing

@Suite struct DocumentationTests {
    private static let articles = Repository.texts.filter { $0.path.hasSuffix(".md") }

    @Test func `every link leads to something`() {
        let broken = Self.articles.flatMap { article in
            Self.links(of: article).filter { !Self.exists($0, from: article) }.map {
                "\(article.path): \($0)"
            }
        }

        #expect(Self.articles.contains { !Self.links(of: $0).isEmpty })
        #expect(broken == [])
    }

    @Test func `the readme leads to every article`() throws {
        let readme = try #require(Self.articles.first { $0.path == "README.md" })
        let articles = Self.articles.map(\.path).filter { $0.hasPrefix("Documentation/") }

        #expect(Set(articles).subtracting(Self.links(of: readme)) == [])
    }

    @Test func `every target of make that is named exists`() {
        let makefile = Repository.read("Makefile").lines
        let named = Self.articles.flatMap { article in
            article.lines.flatMap { line in
                line.split(separator: "`").compactMap { Self.makeTarget(String($0)) }.filter { target in
                    !makefile.contains { $0.hasPrefix("\(target):") }
                }.map { "\(article.path): \($0)" }
            }
        }

        #expect(named == [])
    }

    @Test func `links are told from code and from addresses`() {
        let file = Repository.File(
            path: "Documentation/a.md",
            lines: [
                "[b](b.md), [c](../c/d.md#e) and [web](https://example.org)", "```", "[x](y)", "```",
                "`[x](y)`",
            ])

        #expect(Self.links(of: file) == ["b.md", "../c/d.md#e"])
    }

    // MARK: Looking at articles

    /// The addresses of links to other files, outside of code.
    private static func links(of article: Repository.File) -> [String] {
        var isCode = false
        var links: [String] = []
        for line in article.lines {
            if line.hasPrefix("```") { isCode.toggle() }
            if isCode { continue }
            let prose = line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .map { $0.offset % 2 == 0 ? String($0.element) : "code" }.joined()
            links += prose.split(separator: "](").dropFirst().compactMap { rest in
                rest.firstIndex(of: ")").map { String(rest[..<$0]) }
            }
        }
        return links.filter { !$0.contains("://") }
    }

    private static func exists(_ link: String, from article: Repository.File) -> Bool {
        let parts = link.split(separator: "#", omittingEmptySubsequences: false)
        var folders = article.path.split(separator: "/").dropLast().map(String.init)
        for step in parts[0].split(separator: "/") {
            if step == ".." { _ = folders.popLast() } else { folders.append(String(step)) }
        }
        let path = parts[0].isEmpty ? article.path : folders.joined(separator: "/")
        guard FileManager.default.fileExists(atPath: "\(Repository.root)/\(path)") else { return false }
        return parts.count < 2 || headings(of: Repository.read(path)).contains(String(parts[1]))
    }

    /// The anchors of an article's headings.
    private static func headings(of article: Repository.File) -> Set<String> {
        Set(
            article.lines.filter { $0.hasPrefix("#") }.map { line in
                String(
                    line.drop { $0 == "#" || $0 == " " }.lowercased().map { $0 == " " ? "-" : $0 }
                        .filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
            })
    }

    /// The target of a command `make target`.
    private static func makeTarget(_ code: String) -> String? {
        let words = code.split(separator: " ")
        guard words.count == 2, words[0] == "make", words[1].allSatisfy({ $0.isLetter || $0 == "-" }) else {
            return nil
        }
        return String(words[1])
    }
}
