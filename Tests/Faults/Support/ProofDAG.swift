import DagKitCore
import DagKitSystem

/// A DAG of shell tasks that prove how they ran: each holds a lock for its task instance, complains if another one has it,
/// and writes down that it began and ended. One whose children are killed fails.
enum ProofDAG {
    static let id: DAGID = "proof"

    /// The members of `dags` in dags.json.
    static var declaration: JSONValue { declaration() }

    /// - Parameters:
    ///   - tasks: The ids of the tasks, with those that they wait for.
    ///   - seconds: How long each task works.
    ///   - isGated: Whether each task works until the gate of the home is open.
    ///   - escapes: Whether each task starts a process that drops its environment and session, and holds its lock.
    static func declaration(
        tasks: KeyValuePairs<String, [String]> = [
            "first": [], "left": ["first"], "right": ["first"], "last": ["left", "right"],
        ],
        seconds: Double = 0, isGated: Bool = false, escapes: Bool = false, retries: Int = 50,
        more: [String: JSONValue] = [:]
    ) -> JSONValue {
        let work =
            isGated ? "while [ ! -e open ]; do sleep 0.05 || exit 7; done" : "sleep \(seconds) || exit 7"
        let list = tasks.map { id, after in
            JSONValue.object([
                "id": .string(id), "operator": "shell", "command": .string(script(work, escapes)),
                "after": .array(after.map(JSONValue.string)),
            ])
        }
        var dag: [String: JSONValue] = [
            "paused": false, "tasks": .array(list),
            "defaults": ["retries": .integer(Int64(retries)), "retry_delay": 0],
        ]
        dag.merge(more) { $1 }
        return .object(["proof": .object(dag)])
    }

    private static func script(_ work: String, _ escapes: Bool) -> String {
        """
        instance="$DAGKIT_CTX_DAG_RUN_ID $DAGKIT_CTX_TASK_ID"
        cd "$PROOF"
        exec 9>>"$DAGKIT_CTX_TASK_ID-$DAGKIT_CTX_DAG_RUN_ID.lock"
        flock -n 9
        case $? in 0) ;; 1) echo "$instance $DAGKIT_CTX_TRY_NUMBER" >>doubled ;; *) exit 7 ;; esac
        echo "$instance $DAGKIT_CTX_TRY_NUMBER" >>begun
        \(escapes ? FaultHome.escape : ":")
        \(work)
        echo "$instance $DAGKIT_CTX_TRY_NUMBER" >>ended
        echo "$DAGKIT_CTX_TASK_ID"
        """
    }
}

extension FaultHome {
    /// Waits until a gated task of ``ProofDAG`` works, which it does until the gate is open.
    func taskBegins() async throws -> Bool { try await holds { try !Proof(of: self).begun.isEmpty } }

    /// Lets the gated tasks of ``ProofDAG`` end.
    func openGate() throws { try FileSystem.write([], to: "\(proof)/open", durable: false) }
}

/// What the tasks of ``ProofDAG`` have written down.
struct Proof {
    /// The line of an attempt: its run, task and try.
    struct Entry: Hashable {
        let run: String
        let task: String
        let tryNumber: Int
    }

    let begun: [Entry]
    let ended: [Entry]

    /// The attempts that found another one of their task instance alive.
    let doubled: [Entry]

    init(of home: FaultHome) throws {
        begun = try Self.entries("\(home.proof)/begun")
        ended = try Self.entries("\(home.proof)/ended")
        doubled = try Self.entries("\(home.proof)/doubled")
    }

    private static func entries(_ path: String) throws -> [Entry] {
        guard FileSystem.exists(path) else { return [] }
        return try FileSystem.readText(path).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 3, let number = Int(words[2]) else { return nil }
            return Entry(run: String(words[0]), task: String(words[1]), tryNumber: number)
        }
    }
}
