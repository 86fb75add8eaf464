public import FoundationEssentials

/// What somebody wrote about a run or a task instance.
public struct Note: Hashable, Codable, Sendable {
    public let content: String
    public let author: String?
    public let createdAt: Date
    public let updatedAt: Date

    /// The most characters of a note, as in Airflow.
    public static let longest = 1000

    public init(content: String, author: String?, createdAt: Date, updatedAt: Date) {
        self.content = content
        self.author = author
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// The notes on a run and its task instances.
public struct RunNotes: Hashable, Sendable {
    public var run: Note?
    public var tasks: [TaskInstanceKey: Note]

    public init(run: Note? = nil, tasks: [TaskInstanceKey: Note] = [:]) {
        self.run = run
        self.tasks = tasks
    }
}
