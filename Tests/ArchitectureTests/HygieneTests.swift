import FoundationEssentials
import Testing

@Suite struct HygieneTests {
    @Test func `no file holds a path of the machine it was written on`() {
        let roots = ["home", "Users", "root", "work"].map { "/\($0)/" }
        let found = Repository.texts.flatMap { file in
            file.lines.enumerated().filter { _, line in roots.contains { Self.starts($0, in: line) } }
                .map { "\(file.path):\($0.offset + 1)" }
        }

        #expect(found == [])
    }

    @Test func `no file holds a secret under a name that says so`() {
        let found = Repository.texts.flatMap { file in
            file.lines.enumerated().filter { Self.holdsSecret($0.element) }
                .map { "\(file.path):\($0.offset + 1)" }
        }

        #expect(found == [])
    }

    @Test func `a secret is recognised by its name and its randomness`() {
        let random = "q7Zk2Lx9" + "Vb4Tn8Rw1" + "Ys6Pd3Hg5Jm"

        #expect(Self.holdsSecret("api_key = \"\(random)\""))
        #expect(!Self.holdsSecret("label = \"\(random)\""))
        #expect(!Self.holdsSecret("password = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\""))
    }

    private static let shared = Repository.root + "/../shared/data"

    @Test(.enabled(if: FileManager.default.fileExists(atPath: shared), "the recorded answers are absent"))
    func `no recorded data is copied into the repository`() throws {
        let recorded = try FileManager.default.subpathsOfDirectory(atPath: Self.shared)
            .compactMap { $0.split(separator: "/").last.map(String.init) }
            .filter { $0.contains(".") && !$0.hasSuffix(".md") }
        let names = Set(Repository.paths.compactMap { $0.split(separator: "/").last.map(String.init) })

        #expect(names.intersection(recorded) == [])
    }

    // MARK: Looking at lines

    /// Whether a path that begins with `root` stands in the line, rather than a URL or a deeper path.
    private static func starts(_ root: String, in line: String) -> Bool {
        var rest = line[...]
        while let found = rest.firstRange(of: root) {
            let before =
                found.lowerBound == line.startIndex ? " " : line[line.index(before: found.lowerBound)]
            let opensPath = before == " " || before == "\"" || before == "'" || before == "=" || before == "("
            if opensPath { return true }
            rest = line[found.upperBound...]
        }
        return false
    }

    private static let names = ["password", "passwd", "secret", "token", "api_key", "apikey", "private_key"]

    /// Whether a quoted text of 24 or more random characters follows a sensitive name.
    private static func holdsSecret(_ line: String) -> Bool {
        let lower = line.lowercased()
        guard line.contains("\""), names.contains(where: { lower.contains($0) }) else { return false }
        return line.split(separator: "\"").contains { text in
            text.utf8.count >= 24 && text.utf8.allSatisfy(isOfKey) && entropy(of: text) > 4
        }
    }

    private static func isOfKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="):
            true
        default: false
        }
    }

    /// Bits per character: the share of pairs of characters that differ, as a collision entropy.
    private static func entropy(of text: Substring) -> Double {
        let counts = Dictionary(text.utf8.map { ($0, 1) }, uniquingKeysWith: +)
        let total = Double(text.utf8.count)
        let collision = counts.values.reduce(0) { $0 + (Double($1) / total) * (Double($1) / total) }
        var bits = 0.0
        var share = 1.0
        while share > collision {
            share /= 1.25
            bits += 0.3219
        }
        return bits
    }
}
