import DagKitSQL

/// How PostgreSQL databases are used: how long to wait, how many connections, how isolated.
///
/// ```swift
/// var configuration = PostgresConfiguration()
/// configuration.statementTimeout = .seconds(30)
/// ```
///
/// A connection's extras may set the same under the names of ``optionNames``.
public struct PostgresConfiguration: Hashable, Sendable {
    /// How far a transaction that writes is kept apart from the others.
    public enum Isolation: String, Hashable, Sendable, CaseIterable {
        /// As if no other ran at the same time; what collides is run again.
        case serializable
        /// It sees one state, and fails where another changed what it changes; what collides is run again.
        case repeatableRead = "repeatable read"
        /// Each statement sees what is committed when it starts.
        case readCommitted = "read committed"
    }

    /// How long it may take until the server lets one in; `connect_timeout`.
    public var connectTimeout: Duration

    /// How long a statement may take; `statement_timeout`.
    public var statementTimeout: Duration

    /// How long a statement waits for the lock of another transaction; `lock_timeout`.
    public var lockTimeout: Duration

    /// How many connections may be open at once, at least 1; `pool_size`.
    public var poolSize: Int

    /// How long a call goes on trying to reach a server that it has reached before; `reconnect_timeout`.
    public var reconnectTimeout: Duration

    /// The isolation of transactions that write; `isolation`.
    public var isolation: Isolation

    /// How often a transaction is run again that another one got in the way of.
    public var transactionRetries: Int

    /// How many statements a connection keeps prepared; 0 behind a pooler that cannot keep them;
    /// `statement_cache`.
    public var statementCache: Int

    /// Creates a configuration; the defaults suit a data store of one deployment.
    public init(
        connectTimeout: Duration = .seconds(10), statementTimeout: Duration = .seconds(300),
        lockTimeout: Duration = .seconds(30), poolSize: Int = 4, reconnectTimeout: Duration = .seconds(15),
        isolation: Isolation = .serializable, transactionRetries: Int = 6, statementCache: Int = 128
    ) {
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.lockTimeout = lockTimeout
        self.poolSize = max(1, poolSize)
        self.reconnectTimeout = reconnectTimeout
        self.isolation = isolation
        self.transactionRetries = transactionRetries
        self.statementCache = statementCache
    }

    /// The names under which the extras of a connection may set the members.
    public static let optionNames = [
        "connect_timeout", "statement_timeout", "lock_timeout", "pool_size", "reconnect_timeout", "isolation",
        "statement_cache",
    ]

    /// The configuration with what a connection sets instead; times are seconds, or have a unit as in
    /// `500ms`, `30s` or `5min`.
    ///
    /// - Throws: ``SQLError`` of kind `cannotOpen` that names the option.
    func with(_ options: [String: String]) throws(SQLError) -> PostgresConfiguration {
        var copy = self
        for (name, text) in options {
            switch name {
            case "connect_timeout": copy.connectTimeout = try Self.duration(text, name)
            case "statement_timeout": copy.statementTimeout = try Self.duration(text, name)
            case "lock_timeout": copy.lockTimeout = try Self.duration(text, name)
            case "reconnect_timeout": copy.reconnectTimeout = try Self.duration(text, name)
            case "pool_size": copy.poolSize = try Self.count(text, name, 1...1_000)
            case "statement_cache": copy.statementCache = try Self.count(text, name, 0...10_000)
            case "isolation":
                let words = String(text.lowercased().map { $0 == "_" ? " " : $0 })
                guard let isolation = Isolation(rawValue: words) else {
                    let known = Isolation.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
                    throw Self.refusal(text, name, "write one of \(known)")
                }
                copy.isolation = isolation
            default: break
            }
        }
        return copy
    }

    private static func duration(_ text: String, _ name: String) throws(SQLError) -> Duration {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count > 0, count < 10_000_000 else {
            throw refusal(text, name, "write seconds, or 500ms, 30s, 5min")
        }
        switch text[digits.endIndex...] {
        case "", "s": return .seconds(count)
        case "ms": return .milliseconds(count)
        case "min": return .seconds(count * 60)
        default: throw refusal(text, name, "write seconds, or 500ms, 30s, 5min")
        }
    }

    private static func count(
        _ text: String, _ name: String, _ range: ClosedRange<Int>
    ) throws(SQLError) -> Int {
        guard let count = Int(text), range.contains(count) else {
            throw refusal(
                text, name, "write a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return count
    }

    private static func refusal(_ text: String, _ name: String, _ advice: String) -> SQLError {
        SQLError(.cannotOpen, message: "option \"\(name)\" cannot be \"\(text)\"", advice: advice)
    }
}
