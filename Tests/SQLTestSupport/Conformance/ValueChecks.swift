import DagKitSQL

extension SQLConformance {
    static let valueChecks: [Check] = [
        Check("every value comes back as it went in") { database, findings in
            try await makeItems(database)
            let values = [SQLValue.integer(.min), .integer(.max), .integer(0)]
            let reals = [SQLValue.real(-1.5e300), .real(0.1), .real(1e-300)]
            for (whole, real) in zip(values, reals) {
                for text in oddTexts {
                    try await database.execute("delete from item")
                    let blob: SQLValue = .blob(Array(text.utf8) + [0, 255])
                    try await database.execute(
                        "insert into item (whole, number, word, raw) values (\(whole), \(real), \(text), \(blob))"
                    )
                    let row = try await database.query("select whole, number, word, raw from item")[0]
                    findings.equal(row.values, [whole, real, .text(text), blob], "the row")
                }
            }
        },
        Check("a value stays a value, whatever it says") { database, findings in
            try await makeItems(database)
            for text in [
                "'; drop table item; --", "x' or '1'='1", "$1", "\\", "\\x41", "%s {{ ds }}", "NULL",
            ] {
                try await database.execute("insert into item (word) values (\(text))")
                let found: [String] = try await database.query(
                    "select word from item where word = \(text)"
                ).map { try $0[0] }
                findings.equal(found, [text], "what is found under \(text)")
            }
            findings.equal(
                try await database.query("select count(*) from item")[0][0], 7, "the number of rows")
        },
        Check("NULL is NULL and nothing else") { database, findings in
            try await makeItems(database)
            try await database.execute(
                "insert into item (whole, number, word, raw, flag) values (\(SQLValue.null), null, \(String?.none), null, null)"
            )
            try await database.execute("insert into item (word) values (\(""))")
            let rows = try await database.query("select * from item where word is null")
            findings.equal(rows.count, 1, "the number of rows without a word")
            findings.equal(rows[0].values, Array(repeating: .null, count: 5), "the row")
        },
        Check("a Boolean is read and compared as one") { database, findings in
            try await makeItems(database)
            try await database.execute(
                "insert into item (flag, word) values (\(true), 'yes'), (\(false), 'no')")
            let set: [String] = try await database.query("select word from item where flag").map { try $0[0] }
            findings.equal(set, ["yes"], "the words of the set flags")
            let flags: [Bool] = try await database.query("select flag from item order by word").map {
                try $0[0]
            }
            findings.equal(flags, [false, true], "the flags")
            let bound: Int = try await database.query("select count(*) from item where flag = \(true)")[0][0]
            findings.equal(bound, 1, "the count of a bound flag")
        },
        Check("a value that is not a number is refused") { database, findings in
            try await makeItems(database)
            await findings.failure(.typeMismatch, "NaN") {
                try await database.execute("insert into item (number) values (\(Double.nan))")
            }
            await findings.failure(.typeMismatch, "NaN in bulk") {
                try await database.bulkInsert(
                    into: "item", columns: ["number"], rows: [[1.5], [.real(.nan)]])
            }
            findings.equal(
                try await database.query("select count(*) from item")[0][0], 0, "the number of rows")
        },
        Check("bulk brings every value as a statement does") { database, findings in
            try await makeItems(database)
            let rows: [[SQLValue]] = oddTexts.enumerated().map { index, text in
                [
                    .integer(Int64(index)), .real(Double(index) / 3), .text(text), .blob(Array(text.utf8)),
                    .null,
                ]
            }
            let count = try await database.bulkInsert(
                into: "item", columns: ["whole", "number", "word", "raw", "flag"], rows: rows)
            findings.equal(count, rows.count, "the number of rows")
            let found = try await database.query("select * from item order by whole").map(\.values)
            findings.equal(found, rows, "the table")
            findings.equal(
                try await database.bulkInsert(into: "item", columns: ["whole"], rows: []), 0, "no row")
        },
        Check("a long text and many rows come back whole") { database, findings in
            try await makeItems(database)
            let long = String(repeating: "é🪙\n\t\\", count: 100_000)
            try await database.execute("insert into item (word) values (\(long))")
            let found: String = try await database.query("select word from item")[0][0]
            findings.expect(found == long, "the same text")
            let rows = (0..<20_000).map { [SQLValue.integer(Int64($0)), .text("row \($0)")] }
            try await database.bulkInsert(into: "item", columns: ["whole", "word"], rows: rows)
            let all = try await database.query(
                "select whole, word from item where whole is not null order by whole")
            findings.expect(all.map(\.values) == rows, "20,000 rows in order")
        },
    ]

    /// Texts that some layer on the way might take for something else.
    private static let oddTexts = [
        "", " ", "Ünïcode 🪙 e\u{301}", "tab\tline\nreturn\rback\\slash", "\\N", "\\.", "it's \"quoted\"", "0",
        "\u{1}\u{7F}",
    ]

    private static func makeItems(_ database: any SQLDatabase) async throws {
        let isPostgres = database.dialect == .postgresql
        let bytes = SQLStatement(verbatim: isPostgres ? "bytea" : "blob")
        let flag = SQLStatement(verbatim: isPostgres ? "boolean" : "integer")
        try await database.execute(
            "create table item (whole bigint, number double precision, word text, raw \(bytes), flag \(flag))"
        )
    }
}
