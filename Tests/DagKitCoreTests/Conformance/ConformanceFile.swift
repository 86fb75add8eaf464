import FoundationEssentials

/// One file of test vectors: recorded answers of the reference.
struct ConformanceFile<Case: Decodable>: Decodable {
    let format: String
    let cases: [Case]

    static func load(_ name: String) throws -> ConformanceFile {
        try JSONDecoder().decode(ConformanceFile.self, from: Fixture.data("conformance/\(name)"))
    }
}
