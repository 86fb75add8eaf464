import Testing

@Suite struct PackageTests {
    static let manifest = Repository.read("Package.swift").lines.joined(separator: "\n")

    /// The targets that the manifest lists for a folder, with the names that stand in their declaration.
    static func targets(declaredBy functions: [String]) -> [String: Set<String>] {
        var targets: [String: Set<String>] = [:]
        for function in functions {
            for piece in manifest.split(separator: "\(function)(").dropFirst() {
                let declaration = piece.prefix { $0 != ")" }
                let names = declaration.split(separator: "\"", omittingEmptySubsequences: false)
                    .enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
                if let name = names.first { targets[name] = Set(names.dropFirst()) }
            }
        }
        return targets
    }

    static let sources = targets(declaredBy: ["        library", "        executable"])

    @Test func `every target has a folder and every folder a target`() {
        let modules = Self.targets(declaredBy: [".systemLibrary", "        .target"]).keys

        #expect(Set(Self.sources.keys).union(modules) == Repository.folders(in: "Sources"))
    }

    @Test func `every test target has a folder and every folder a test target`() {
        let tests = Self.targets(declaredBy: ["        tests"]).keys
        let folders = Repository.folders(in: "Tests")

        #expect(tests.allSatisfy { folders.contains($0) })
        let strays = folders.filter { !tests.contains($0) && !Self.manifest.contains("\"Tests/\($0)\"") }
        #expect(strays == [])
    }

    @Test func `a target depends only on what its arrows allow`() {
        #expect(Self.sources.count > 10)
        for (target, dependencies) in Self.sources {
            let excess = dependencies.subtracting(Walls.reach(of: target))
            #expect(excess == [], "\(target) depends on more than it may import")
        }
    }

    @Test func `the package is usable by address and tag`() {
        #expect(!Self.manifest.contains("unsafeFlags"))
        #expect(!Self.manifest.contains(".package("))
    }
}
