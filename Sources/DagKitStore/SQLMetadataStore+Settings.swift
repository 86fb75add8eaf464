public import DagKitCore
import DagKitSQL
public import FoundationEssentials

// Variables, connections and pools: what users set, and of which secrets are sealed.

extension SQLMetadataStore {
    public func variable(_ key: String) async throws -> Variable? {
        try await variables(where: "key = \(key)").first
    }

    public func variables() async throws -> [Variable] { try await variables(where: "true") }

    public func setVariable(_ variable: Variable, by actor: String, at now: Date) async throws {
        let value =
            variable.isSecret
            ? try sealing.seal(variable.value, for: .variable(variable.key)) : variable.value
        try await write { transaction in
            try transaction.execute(
                """
                insert into variable (key, val, description, is_encrypted)
                values (\(variable.key), \(value), \(variable.about), \(variable.isSecret))
                on conflict (key) do update set val = excluded.val, description = excluded.description,
                    is_encrypted = excluded.is_encrypted
                """)
            try transaction.note(.setting("variable.set", ["key": .string(variable.key)], by: actor, at: now))
        }
    }

    public func deleteVariable(_ key: String, by actor: String, at now: Date) async throws -> Bool {
        try await write { transaction in
            guard try transaction.execute("delete from variable where key = \(key)") > 0 else { return false }
            try transaction.note(.setting("variable.delete", ["key": .string(key)], by: actor, at: now))
            return true
        }
    }

    public func connection(_ id: String) async throws -> Connection? {
        try await connections(where: "conn_id = \(id)").first
    }

    public func connections() async throws -> [Connection] { try await connections(where: "true") }

    public func setConnection(_ connection: Connection, by actor: String, at now: Date) async throws {
        let id = connection.id
        let password = try connection.password.map { try sealing.seal($0, for: .connection(id, "password")) }
        let extra = try connection.extra.map { try sealing.seal($0, for: .connection(id, "extra")) }
        try await write { transaction in
            try transaction.execute(
                """
                insert into connection (conn_id, conn_type, description, host, schema, login, password, port,
                    is_encrypted, is_extra_encrypted, extra)
                values (\(id), \(connection.type), \(connection.about), \(connection.host), \(connection.schema),
                    \(connection.login), \(password), \(connection.port), \(password != nil), \(extra != nil), \(extra))
                on conflict (conn_id) do update set conn_type = excluded.conn_type,
                    description = excluded.description, host = excluded.host, schema = excluded.schema,
                    login = excluded.login, password = excluded.password, port = excluded.port,
                    is_encrypted = excluded.is_encrypted, is_extra_encrypted = excluded.is_extra_encrypted,
                    extra = excluded.extra
                """)
            try transaction.note(.setting("connection.set", ["conn_id": .string(id)], by: actor, at: now))
        }
    }

    public func deleteConnection(_ id: String, by actor: String, at now: Date) async throws -> Bool {
        try await write { transaction in
            guard try transaction.execute("delete from connection where conn_id = \(id)") > 0 else {
                return false
            }
            try transaction.note(.setting("connection.delete", ["conn_id": .string(id)], by: actor, at: now))
            return true
        }
    }

    public func pools() async throws -> [Pool] {
        let rows = try await database.query(
            "select pool, description, include_deferred, slots from slot_pool order by pool")
        return try list(rows) { row in
            var row = RowReader(row, of: "slot_pool")
            let (name, about): (String, String) = (try row.next(), try row.next())
            let (includesDeferred, slots): (Bool, Int) = (try row.next(), try row.number())
            do throws(PoolError) {
                return try Pool(name, slots: slots, about: about, includesDeferred: includesDeferred)
            } catch {
                throw row.rejected(error.problem)
            }
        }
    }

    public func setPool(_ pool: Pool, by actor: String, at now: Date) async throws {
        try await write { transaction in
            try transaction.set(pool)
            try transaction.note(.setting("pool.set", ["pool": .string(pool.name)], by: actor, at: now))
        }
    }

    /// Deletes a pool; the default pool cannot go and gets its first size back instead.
    public func deletePool(_ name: String, by actor: String, at now: Date) async throws -> Bool {
        let standard = try Pool(Pool.defaultName, slots: 128, about: "Default pool")
        return try await write { transaction in
            let isChanged: SQLStatement =
                name == standard.name ? " and (slots <> 128 or description <> \(standard.about))" : ""
            let count = try transaction.execute("delete from slot_pool where pool = \(name)\(isChanged)")
            guard count > 0 else { return false }
            if name == standard.name { try transaction.set(standard) }
            try transaction.note(.setting("pool.delete", ["pool": .string(name)], by: actor, at: now))
            return true
        }
    }

    private func variables(where condition: SQLStatement) async throws -> [Variable] {
        let rows = try await database.query(
            "select key, val, description, is_encrypted from variable where \(condition) order by key")
        return try list(rows) { row in
            var row = RowReader(row, of: "variable")
            let (key, value): (String, String) = (try row.next(), try row.next())
            let (about, isSecret): (String?, Bool) = (try row.next(), try row.next())
            let opened =
                isSecret ? try unsealed(value, .variable(key), "variable", "val", where: "key", key) : value
            return Variable(key, value: opened, about: about, isSecret: isSecret)
        }
    }

    private func connections(where condition: SQLStatement) async throws -> [Connection] {
        let rows = try await database.query(
            """
            select conn_id, conn_type, description, host, login, password, is_encrypted, port, schema, extra,
                is_extra_encrypted
            from connection where \(condition) order by conn_id
            """)
        return try list(rows) { row in
            var row = RowReader(row, of: "connection")
            let id: String = try row.next()
            return Connection(
                id, type: try row.next(), about: try row.next(), host: try row.next(), login: try row.next(),
                password: try opened(&row, "password", of: id), port: try row.next(),
                schema: try row.next(), extra: try opened(&row, "extra", of: id))
        }
    }

    /// Reads a column that may be sealed, and the one behind it, which says whether it is.
    private func opened(_ row: inout RowReader, _ column: String, of id: String) throws -> String? {
        let (text, isSealed): (String?, Bool) = (try row.next(), try row.next())
        guard let text, isSealed else { return text }
        return try unsealed(text, .connection(id, column), "connection", column, where: "conn_id", id)
    }

    /// What was sealed; where rows that cannot be read are left out, one that cannot be opened is such a row.
    private func unsealed(
        _ text: String, _ place: SecretPlace, _ table: String, _ column: String, where keyColumn: String,
        _ key: String
    ) throws -> String {
        do {
            return try sealing.open(text, for: place)
        } catch let error as any DagKitError where leftOut != nil {
            throw UnreadableRow(
                table: table, column: column,
                key: "\(keyColumn) = '\(key.replacing("'", with: "''"))'", reason: error.problem,
                advice: error.remedy)
        }
    }
}

extension SecretPlace {
    fileprivate static func variable(_ key: String) -> SecretPlace {
        SecretPlace(table: "variable", id: key, field: "val")
    }

    fileprivate static func connection(_ id: String, _ field: String) -> SecretPlace {
        SecretPlace(table: "connection", id: id, field: field)
    }
}

extension SQLTransaction {
    fileprivate func set(_ pool: Pool) throws {
        try execute(
            """
            insert into slot_pool (pool, slots, description, include_deferred)
            values (\(pool.name), \(pool.slots), \(pool.about), \(pool.includesDeferred))
            on conflict (pool) do update set slots = excluded.slots, description = excluded.description,
                include_deferred = excluded.include_deferred
            """)
    }
}
