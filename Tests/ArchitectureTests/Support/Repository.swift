import FoundationEssentials

/// The files of this repository, as they lie beside the tests.
struct Repository {
    /// A file with its path from the root and its lines.
    struct File: CustomStringConvertible {
        let path: String
        let lines: [String]

        var description: String { path }

        /// The target whose folder holds a file of `Sources/`.
        var target: String { String(path.split(separator: "/")[1]) }
    }

    static let root: String = {
        let parts = #filePath.split(separator: "/").dropLast(4)
        return "/" + parts.joined(separator: "/")
    }()

    /// Folders and files that are made here and not kept.
    private static let made: Set = [".build", ".git", ".dagkit", ".dagkit-demo", ".venv", ".swiftpm"]

    static let paths: [String] = walk("")

    /// The Swift files of `Sources/`.
    static let sources: [File] = paths.filter { $0.hasPrefix("Sources/") && $0.hasSuffix(".swift") }.map(read)

    /// Every file that is text.
    static let texts: [File] = paths.compactMap { path in
        guard let text = try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8) else { return nil }
        return File(path: path, lines: lines(of: text))
    }

    static func folders(in folder: String) -> Set<String> {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        return Set(names.filter { isFolder("\(folder)/\($0)") })
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder = false
        return FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder) && isFolder
    }

    static func read(_ path: String) -> File {
        let text = (try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)) ?? ""
        return File(path: path, lines: lines(of: text))
    }

    private static func lines(of text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func walk(_ folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        return names.sorted().flatMap { name -> [String] in
            if made.contains(name) { return [] }
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            return isFolder(path) ? walk(path) : [path]
        }
    }
}
