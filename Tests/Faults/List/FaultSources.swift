import DagKitSystem
import FoundationEssentials

/// The fault tests as they stand in the sources.
enum FaultSources {
    struct Entry: Hashable {
        let fault: String
        let test: String
    }

    /// The folder of this repository.
    static let root = (0..<4).reduce(#filePath) { path, _ in FileSystem.parent(of: path) }

    /// Every test that has a fault of the list.
    static func entries() throws -> [Entry] {
        try files(in: "\(root)/Tests/Faults").flatMap { path in
            try FileSystem.readText(path).split(separator: "@Test(").dropFirst().compactMap(entry)
        }
    }

    private static func entry(of declaration: Substring) -> Entry? {
        guard declaration.drop(while: \.isWhitespace).hasPrefix(".fault("),
            let fault = declaration.firstRange(of: ".fault("), let name = declaration.firstRange(of: "func `")
        else { return nil }
        return Entry(
            fault: String(
                declaration[fault.upperBound...].drop { $0.isWhitespace || $0 == "." }.prefix { $0 != "," }),
            test: String(declaration[name.upperBound...].prefix { $0 != "`" }))
    }

    private static func files(in folder: String) throws -> [String] {
        try FileSystem.names(in: folder).flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            if FileSystem.isFolder(path) { return try files(in: path) }
            return name.hasSuffix("Tests.swift") ? [path] : []
        }
    }
}
