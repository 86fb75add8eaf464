import Testing

@Suite struct ImportTests {
    /// Every import line of `Sources/`.
    static let imports: [(target: String, module: String, line: SwiftLine)] = Repository.sources.flatMap {
        file in
        SwiftLine.lines(of: file).compactMap { line in
            line.importedModule.map { (file.target, $0, line) }
        }
    }

    @Test func `the imports of all sources are found`() {
        #expect(Self.imports.count > 300)
        #expect(Self.imports.contains { $0.target == "DagKitSystem" && $0.module == "CSystem" })
    }

    @Test func `a target imports only what its arrows allow`() {
        let violations = Self.imports.filter { target, module, _ in
            let toolchain = target == "DagKitCore" ? Walls.coreToolchain : Walls.toolchain
            return !toolchain.contains(module) && !Walls.reach(of: target).contains(module)
        }

        #expect(violations.map(\.line.description) == [])
    }

    @Test func `the core falls back to Foundation only where FoundationEssentials does not exist`() {
        let violations = Self.imports.filter {
            $0.module == "Foundation" || $0.module == "FoundationNetworking"
        }

        #expect(violations.map(\.line.description) == [])
    }

    @Test func `a C module is wrapped by one target`() {
        let wrappers = Dictionary(grouping: Self.imports.filter { Walls.isC($0.module) }, by: \.module)

        for (module, lines) in wrappers {
            #expect(Set(lines.map(\.target)).count == 1, "\(module) is imported by more than one target")
        }
        #expect(wrappers.count >= 6)
    }

    @Test func `no target reaches itself over its arrows`() {
        for target in Walls.arrows.keys { #expect(!Walls.reach(of: target).contains(target)) }
    }

    @Test func `the crypto workflows use only public API`() {
        let violations = Repository.sources.filter { $0.target == "CryptoDags" }.flatMap(SwiftLine.lines)
            .filter { $0.mentions("package import") || $0.mentions("@testable") || $0.mentions("@_spi") }

        #expect(violations.map(\.description) == [])
    }

    @Test(arguments: [
        ("import Glibc", "Glibc"), ("public import DagKitCore", "DagKitCore"),
        ("@_exported public import DagKitSQL", "DagKitSQL"), ("import struct Foundation.Date", "Foundation"),
        ("let text = import", nil), ("// import Foundation", nil),
    ])
    func `an import line names its module`(line: String, module: String?) {
        let file = Repository.File(path: "Sources/X/Y.swift", lines: [line])

        #expect(SwiftLine.lines(of: file).first?.importedModule == module)
    }
}
