import Glibc

/// A program that was started, with its standard output.
struct Program {
    let process: pid_t
    private let output: UnsafeMutablePointer<FILE>

    /// Starts a program with this process's environment and `variables`.
    init(_ path: String, _ arguments: [String], variables: [String: String] = [:]) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw BenchmarkFailure("cannot make a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        var environment =
            variables.map { strdup("\($0.key)=\($0.value)") } + Self.inherited(without: variables) + [nil]
        defer { for word in words + environment { free(word) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var process = pid_t()
        guard posix_spawn(&process, path, &actions, nil, &words, &environment) == 0 else {
            throw BenchmarkFailure("cannot start \(path)")
        }
        self.process = process
        output = fdopen(ends[0], "r")
    }

    /// Runs a program to its end, which must be a good one.
    static func run(_ path: String, _ arguments: [String], variables: [String: String] = [:]) throws {
        let program = try Program(path, arguments, variables: variables)
        while program.nextLine() != nil {}
        let status = program.wait()
        guard status == 0 else {
            throw BenchmarkFailure("\(path) \(arguments.joined(separator: " ")) ended with status \(status)")
        }
    }

    /// The next line that the program prints; `nil` at the end of its output.
    func nextLine() -> String? {
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        let count = getline(&line, &capacity, output)
        guard count > 0, let line else { return nil }
        return String(decoding: UnsafeRawBufferPointer(start: line, count: count), as: UTF8.self)
            .split(separator: "\n").first.map(String.init) ?? ""
    }

    func send(_ signal: Int32) { kill(process, signal) }

    /// Waits for its end and gives its status.
    @discardableResult
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        fclose(output)
        return status
    }

    private static func inherited(without variables: [String: String]) -> [UnsafeMutablePointer<CChar>?] {
        var entries: [UnsafeMutablePointer<CChar>?] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if !variables.keys.contains(where: { text.hasPrefix("\($0)=") }) { entries.append(strdup(text)) }
            next += 1
        }
        return entries
    }
}
