import DagKitSQL

extension SQLConformance {
    static let statementChecks: [Check] = [
        Check("execute returns how many rows it changed") { database, findings in
            try await database.makeCoins(5)
            findings.equal(
                try await database.execute("update coin set rank = rank + 1 where rank > \(2)"), 2,
                "an update")
            findings.equal(try await database.execute("insert into coin values ('new', 9)"), 1, "an insert")
            findings.equal(try await database.execute("delete from coin where rank = \(9)"), 1, "a delete")
            findings.equal(
                try await database.execute("delete from coin where rank = \(9)"), 0, "a second delete")
            findings.equal(try await database.execute("create table other (id integer)"), 0, "a new table")
            findings.equal(try await database.execute("select * from coin"), 0, "a query")
        },
        Check("a query that writes returns its rows and is stored") { database, findings in
            try await database.makeCoins()
            let rows = try await database.query("insert into coin values ('btc', \(1)) returning rank, id")
            findings.equal(rows.map(\.values), [[1, "btc"]], "the rows")
            findings.equal(rows.first?.columns.names, ["rank", "id"], "the columns")
            findings.equal(try await database.coinCount(), 1, "the number of coins")
        },
        Check("an upsert updates what is there") { database, findings in
            try await database.makeCoins()
            for rank in 1...3 {
                try await database.execute(
                    """
                    insert into coin (id, rank) values (\("btc"), \(rank))
                    on conflict (id) do update set rank = excluded.rank
                    """)
            }
            findings.equal(try await database.query("select rank from coin").map(\.values), [[3]], "the coin")
        },
        Check("a list matches its members, an empty one nothing") { database, findings in
            try await database.makeCoins(4)
            let some = SQLStatement.list(["coin-1", "coin-3", "nothing"])
            findings.equal(
                try await database.query("select rank from coin where id in \(some) order by rank").map(
                    \.values),
                [[1], [3]], "the ranks")
            let none = SQLStatement.list([String]())
            findings.equal(
                try await database.query("select 1 from coin where id in \(none)").count, 0, "none")
        },
        Check("the same text runs again and again with other values") { database, findings in
            try await database.makeCoins(50)
            for rank in 0..<50 {
                let ids: [String] = try await database.query("select id from coin where rank = \(rank)").map {
                    try $0[0]
                }
                findings.equal(ids, ["coin-\(rank)"], "the coin of rank \(rank)")
            }
        },
        Check("a statement notices that its table has changed") { database, findings in
            try await database.makeCoins(1)
            for _ in 0..<3 {
                let rows = try await database.query("select * from coin")
                findings.equal(rows[0].columns.names, ["id", "rank"], "the columns before")
            }
            try await database.execute("alter table coin add column name text")
            for _ in 0..<3 {
                let rows = try await database.query("select * from coin")
                findings.equal(rows[0].columns.names, ["id", "rank", "name"], "the columns after")
            }
        },
        Check("a comment after the statement is no second statement") { database, findings in
            let rows = try await database.query("select 1 -- the end\n  /* really */ ")
            findings.equal(rows.map(\.values), [[1]], "the row")
        },
        Check("exact numbers can be read as text, others cast") { database, findings in
            try await database.makeCoins(3)
            let row = try await database.query(
                "select cast(sum(rank) as double precision), cast(max(rank) as text), count(*) from coin")[0]
            findings.equal(row.values, [3.0, "2", 3], "the row")
        },
    ]
}
