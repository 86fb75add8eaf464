import CLibPQ
public import DagKitSQL

extension SQLAddress {
    /// Reads an address as libpq, SQLAlchemy, Airflow or JDBC write it.
    ///
    /// ```swift
    /// try SQLAddress(postgres: "postgresql://me:p%40ss@db.example.org:5432/crypto_db?sslmode=verify-full")
    /// try SQLAddress(postgres: "postgresql+psycopg2://me@/crypto_db?host=/run/postgresql")
    /// try SQLAddress(postgres: "jdbc:postgresql://localhost:5432/crypto_db")
    /// try SQLAddress(postgres: "host=localhost dbname=crypto_db")
    /// ```
    ///
    /// The options of ``PostgresConfiguration/optionNames`` may stand in the query too.
    ///
    /// - Throws: ``SQLError`` of kind `cannotOpen`; it does not quote the text, which may hold a password.
    public init(postgres text: String) throws(SQLError) {
        let (rest, options) = Self.separated(Self.plain(text))
        var own = options
        var message: UnsafeMutablePointer<CChar>?
        guard let list = PQconninfoParse(rest, &message) else {
            PQfreemem(message)
            throw SQLError(
                .cannotOpen, message: "the text is no address of a PostgreSQL database",
                advice: "write it as postgresql://user:password@host:5432/database?sslmode=require")
        }
        defer { PQconninfoFree(list) }
        var entry = list
        while let keyword = entry.pointee.keyword {
            if let value = entry.pointee.val { own[String(cString: keyword)] = String(cString: value) }
            entry += 1
        }
        let ports = own.removeValue(forKey: "port")
        let isSound = (ports ?? "").split(separator: ",").allSatisfy { (1...65_535).contains(Int($0) ?? 0) }
        guard isSound else {
            throw SQLError(
                .cannotOpen, message: "the port of a PostgreSQL address is no number from 1 to 65535",
                advice: "write the port as a number, such as 5432")
        }
        let port = ports.flatMap { Int($0) }
        if port == nil, let ports { own["port"] = ports }
        self.init(
            type: "postgres", host: own.removeValue(forKey: "host"), port: port,
            database: own.removeValue(forKey: "dbname"), user: own.removeValue(forKey: "user"),
            password: own.removeValue(forKey: "password"), options: own)
    }

    /// The text with the scheme that libpq knows.
    private static func plain(_ text: String) -> String {
        var text = text.hasPrefix("jdbc:") ? String(text.dropFirst(5)) : text
        guard let mark = text.firstRange(of: "://") else { return text }
        let scheme = text[..<mark.lowerBound]
        if let plus = scheme.firstIndex(of: "+") { text.removeSubrange(plus..<mark.lowerBound) }
        return text
    }

    /// The text without the options that are ours, and these.
    private static func separated(_ text: String) -> (String, [String: String]) {
        guard text.contains("://"), let mark = text.firstIndex(of: "?") else { return (text, [:]) }
        var own: [String: String] = [:]
        var others: [Substring] = []
        for pair in text[text.index(after: mark)...].split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if PostgresConfiguration.optionNames.contains(String(halves[0])), halves.count == 2 {
                own[String(halves[0])] = String(halves[1])
            } else {
                others.append(pair)
            }
        }
        let query = others.isEmpty ? "" : "?" + others.joined(separator: "&")
        return (text[..<mark] + query, own)
    }
}
