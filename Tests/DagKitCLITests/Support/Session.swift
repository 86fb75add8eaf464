import DagKitCLI
import DagKitCore
import FoundationEssentials
import Synchronization

/// A user at a terminal: types commands against a deployment that lives in memory.
final class Session: Sendable {
    let store = InMemoryStore()
    private let environment: [String: String]
    private let files: [String: String]
    private let owners: [String: UInt32]
    private let dags: [any DAG]
    private let user: String
    private let state = Mutex(State())

    private struct State {
        var output = ""
        var errors = ""
        var input = ""
        var terminals: Set<Console.Stream> = []
        var inputIsTerminal = false
        var answers: [String] = []
        var seconds = 0
        var hasDatabase = true
        var knocks = 0
    }

    /// - Parameter files: The files that there are, by their path.
    init(
        dags: [any DAG] = [Greeting(), Broken()], environment: [String: String] = [:],
        files: [String: String] = [:], owners: [String: UInt32] = [:], hasDatabase: Bool = true,
        user: String = "ada"
    ) {
        self.dags = dags
        self.environment = environment
        self.files = files
        self.owners = owners
        self.user = user
        state.withLock { $0.hasDatabase = hasDatabase }
    }

    /// What a command left behind.
    struct Transcript: Sendable, CustomStringConvertible {
        let line: String
        let output: String
        let errors: String
        let code: ExitCode

        var description: String {
            var text = "$ \(line)\n" + output
            if !errors.isEmpty {
                text += errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                    .map { "2> \($0)\n" }.joined()
            }
            return text + "[\(code.rawValue)]\n"
        }
    }

    /// How many times the scheduler was woken.
    var knocks: Int { state.withLock { $0.knocks } }

    /// Lets the clock go on.
    func pass(seconds: Int) { state.withLock { $0.seconds += seconds } }

    /// Runs a command line; words may stand in single quotes.
    func run(
        _ line: String, input: String = "", terminals: Set<Console.Stream> = [],
        inputIsTerminal: Bool = false,
        answers: [String] = []
    ) async -> Transcript {
        state.withLock { state in
            state.output = ""
            state.errors = ""
            state.input = input
            state.answers = answers
        }
        let words = Self.words(line)
        let code = await CommandLineTool(dags: dags, bundle: "dagctl").run(
            program: words[0], arguments: Array(words.dropFirst()), system: host(),
            console: console(terminals, inputIsTerminal))
        return state.withLock { Transcript(line: line, output: $0.output, errors: $0.errors, code: code) }
    }

    private func host() -> HostView {
        let (files, owners) = (files, owners)
        let view = FileView(
            workingFolder: "/srv/project", user: 1000,
            owner: { path in files[path] == nil ? nil : owners[path] ?? 1000 }, readText: { files[$0] })
        return HostView(
            environment: ["HOME": "/users/ada"].merging(environment) { $1 }, files: view,
            now: { Session.start + Double(self.state.withLock { $0.seconds }) }, userName: { self.user },
            hostName: { "testhost" }, databases: MemoryKeeper(session: self),
            knock: { _ in self.state.withLock { $0.knocks += 1 } })
    }

    private func console(_ terminals: Set<Console.Stream>, _ inputIsTerminal: Bool) -> Console {
        Console(
            terminals: terminals, inputIsTerminal: inputIsTerminal,
            width: terminals.contains(.output) ? 80 : nil,
            writer: { stream, text in
                self.state.withLock { state in
                    if stream == .output { state.output += text } else { state.errors += text }
                }
            },
            reader: { self.state.withLock { $0.input } }, lineReader: { self.answer() },
            secretReader: { _ in self.answer() })
    }

    private func answer() -> String {
        state.withLock { $0.answers.isEmpty ? "" : $0.answers.removeFirst() }
    }

    /// 2026-01-02T03:04:05.678901Z.
    static let start = Date(microseconds: 1_767_323_045_678_901)

    private static func words(_ line: String) -> [String] {
        line.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap { index, part in
            index % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
        }
    }

    /// A keeper whose only database is the session's store.
    private struct MemoryKeeper: DatabaseKeeper {
        let session: Session

        func exists(_ place: DatabasePlace) -> Bool { session.state.withLock { $0.hasDatabase } }

        func open(_ place: DatabasePlace, at now: Date) async throws -> any MetadataStore {
            session.state.withLock { $0.hasDatabase = true }
            return session.store
        }

        func state(of place: DatabasePlace) async throws -> DatabaseState {
            exists(place) ? .current(version: 1) : .missing
        }

        func migrate(_ place: DatabasePlace, at now: Date) async throws -> [String] {
            let existed = session.state.withLock { state in
                defer { state.hasDatabase = true }
                return state.hasDatabase
            }
            return existed ? [] : ["first tables"]
        }

        func damage(of place: DatabasePlace) async throws -> [String] { [] }

        func size(of place: DatabasePlace) -> Int64 { 0 }

        func backup(_ place: DatabasePlace, to path: String) async throws {}

        func backups(of place: DatabasePlace) throws -> [String] { [] }

        func restore(_ place: DatabasePlace, from path: String, at now: Date) async throws -> String? {
            session.state.withLock { $0.hasDatabase = true }
            return nil
        }

        func delete(_ place: DatabasePlace) async throws { session.state.withLock { $0.hasDatabase = false } }
    }
}
