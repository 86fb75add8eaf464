import Testing

@Suite struct SourceRuleTests {
    static let lines = Repository.sources.flatMap(SwiftLine.lines)

    /// The lines outside `places` that mention one of `words`.
    private func violations(of words: [String], outside places: [String]) -> [String] {
        Self.lines.filter { line in
            !Walls.admits(line.path, in: places) && words.contains { line.mentions($0) }
        }.map(\.description)
    }

    @Test func `only command lines print and read the terminal`() {
        let words = ["print(", "debugPrint(", "readLine(", "Swift.print("]

        #expect(violations(of: words, outside: Walls.commandLines) == [])
    }

    @Test func `only command lines and the entry points of workers exit`() {
        // A method may be called exit too; what is awaited is not the C function.
        let words = ["exit(", "Glibc.exit(", "_exit(", "abort(", "fatalError("]
        let found = violations(of: words, outside: Walls.commandLines + Walls.entryPoints)
            .filter { !$0.contains("await exit(") }

        #expect(found == [])
    }

    @Test func `a mention is a use of the whole name`() {
        let file = Repository.File(
            path: "Sources/X/Y.swift",
            lines: [
                "a { print(1) }", "reprint(1)", "x.print(1)", "func print(_ x: Int)", "// print(1)",
                "\"print(1)\"",
            ])

        let found = SwiftLine.lines(of: file).filter { $0.mentions("print(") }

        #expect(found.map(\.number) == [1])
    }

    @Test func `the environment is read only at the edges`() {
        let words = ["getenv(", "secure_getenv(", "ProcessInfo", "environ", "Glibc.environ"]

        #expect(violations(of: words, outside: Walls.commandLines + Walls.environmentReaders) == [])
    }

    @Test func `the wall clock is read only at the edges`() {
        let words = ["Date()", "Date.now", "Date(timeIntervalSinceNow"]

        #expect(violations(of: words, outside: Walls.commandLines + Walls.clockReaders) == [])
    }

    @Test func `every exception is still needed`() {
        let places = Set(Walls.environmentReaders + Walls.clockReaders)

        for place in places { #expect(Repository.paths.contains(place), "\(place) does not exist") }
    }

    @Test func `no C type stands in a signature that other targets see`() {
        let types = [
            "OpaquePointer", "UnsafeRawPointer", "UnsafeMutableRawPointer", "UnsafePointer",
            "UnsafeMutablePointer",
            "CInt", "CChar", "CLong", "CUnsignedInt", "pid_t", "sockaddr", "timespec", "timeval", "FILE",
        ]
        let violations = Self.lines.filter { line in
            line.isVisible && types.contains { line.mentions($0) }
        }

        #expect(violations.map(\.description) == [])
    }

    @Test func `no source file has more than 500 lines`() {
        let long = Repository.texts.filter { $0.path.hasPrefix("Sources/") && $0.lines.count > 501 }

        #expect(long.map(\.path) == [])
    }

    @Test func `nothing is left unfinished`() {
        let words = ["TODO", "FIXME", "XXX", "HACK"]
        let found = Repository.sources.flatMap { file in
            file.lines.filter { line in
                words.contains { line.contains("// \($0)") || line.contains("\($0):") }
            }
            .map { "\(file.path): \($0)" }
        }

        #expect(found == [])
    }
}
