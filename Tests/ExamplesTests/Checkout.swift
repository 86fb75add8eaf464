import DagKitSystem
import FoundationEssentials

/// This checkout, and copies of it.
enum Checkout {
    /// The folder of this repository.
    static let root = FileSystem.parent(of: FileSystem.parent(of: FileSystem.parent(of: #filePath)))

    struct Run {
        let status: Int32
        let output: String
    }

    /// Runs a command to its end; what it wrote to both streams is the output.
    static func run(_ words: [String], home: String? = nil) async throws -> Run {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let quoted = words.map {
            "'" + $0.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
        }
        let script =
            "DAGKIT_HOME='\(home ?? folder + "/home")' \(quoted.joined(separator: " ")) >'\(folder)/output' 2>&1"
        let child = try ChildProcess.start(Command("/bin/sh", ["-c", script]))
        let exit = try await child.wait()
        let status: Int32 = if case .exited(let code) = exit.reason { code } else { -1 }
        return Run(status: status, output: try FileSystem.readText(folder + "/output"))
    }

    static func temporaryFolder() throws -> String {
        let folder =
            FileManager.default.temporaryDirectory.path() + "dagkit-examples-\(UInt64.random(in: 0 ... .max))"
        try FileSystem.createFolder(folder)
        return folder
    }

    /// Copies what git tracks, with the changes that are not committed, into a repository of its own with a tag.
    static func publish(to folder: String, tag: String) async throws {
        let script = """
            set -e
            mkdir -p '\(folder)'
            cd '\(root)'
            git ls-files --cached --others --exclude-standard -z | xargs -0 -I{} sh -c 'test -e "{}" && echo "{}"' \
                | tar --create --files-from - | tar --extract --directory '\(folder)'
            cd '\(folder)'
            git init -q
            git add -A
            git -c user.name=test -c user.email=test@example.org commit -q -m 'Publish'
            git tag '\(tag)'
            """
        let run = try await run(["/bin/sh", "-c", script])
        guard run.status == 0 else { throw Failure(text: run.output) }
    }

    /// Copies the example and makes it depend on a repository by URL and tag.
    static func copyExample(to folder: String, dependingOn repository: String, tag: String) async throws {
        let copied = try await run(["cp", "-r", root + "/Examples/HelloDag", folder])
        guard copied.status == 0 else { throw Failure(text: copied.output) }
        let manifest = folder + "/Package.swift"
        let path = #".package(name: "DagKit", path: "../..")"#
        let text = try FileSystem.readText(manifest)
        guard text.contains(path) else { throw Failure(text: "the example's manifest has no \(path)") }
        let changed = text.replacing(path, with: #".package(url: "file://\#(repository)", exact: "\#(tag)")"#)
            .replacing(#"package: "DagKit""#, with: #"package: "dagkit""#)
        try FileSystem.write(Array(changed.utf8), to: manifest)
    }

    struct Failure: Error, CustomStringConvertible {
        let text: String
        var description: String { text }
    }
}
