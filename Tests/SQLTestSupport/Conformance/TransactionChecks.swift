import DagKitSQL

extension SQLConformance {
    private struct Halt: Error {}

    static let transactionChecks: [Check] = [
        Check("a transaction whose body throws stores nothing") { database, findings in
            try await database.makeCoins()
            do {
                try await database.transaction { transaction in
                    try transaction.execute("insert into coin values ('btc', 1)")
                    throw Halt()
                }
                findings.add("the error of the body is lost")
            } catch is Halt {}
            findings.equal(try await database.coinCount(), 0, "the number of coins")
        },
        Check("a transaction reads what it wrote and stores all of it") { database, findings in
            try await database.makeCoins()
            let ranks = try await database.transaction(.write, durability: .full) { transaction in
                try transaction.execute("insert into coin values ('btc', 1)")
                try transaction.bulkInsert(
                    into: "coin", columns: ["id", "rank"], rows: [["eth", 2], ["xrp", 3]])
                return try transaction.query("select rank from coin order by rank").map { try $0[0] as Int }
            }
            findings.equal(ranks, [1, 2, 3], "what it read")
            findings.equal(try await database.coinCount(), 3, "the number of coins")
        },
        Check("a statement that fails takes the whole transaction with it") { database, findings in
            try await database.makeCoins(1)
            await findings.failure(.uniqueViolation, "the second insert") {
                try await database.transaction { transaction in
                    try transaction.execute("insert into coin values ('btc', 1)")
                    try transaction.execute("insert into coin values ('coin-0', 1)")
                }
            }
            findings.equal(try await database.coinCount(), 1, "the number of coins")
        },
        Check("a reading transaction cannot write") { database, findings in
            try await database.makeCoins()
            await findings.failure(.readOnly, "an insert") {
                _ = try await database.transaction(.read) {
                    try $0.execute("insert into coin values ('btc', 1)")
                }
            }
            findings.equal(
                try await database.execute("insert into coin values ('eth', 2)"), 1, "a later insert")
        },
        Check("a statement may not begin a transaction behind the back of the others") { database, findings in
            try await database.makeCoins()
            await findings.failure(.syntax, "begin") { try await database.execute("begin") }
            findings.equal(
                try await database.execute("insert into coin values ('btc', 1)"), 1, "a later insert")
        },
        Check("a body that commits by itself is told so") { database, findings in
            try await database.makeCoins()
            let error = await findings.failure(.other, "commit") {
                _ = try await database.transaction { try $0.execute("commit") }
            }
            findings.equal(error?.message, "the body ended its own transaction", "the message")
        },
        Check("bulk insert is all or nothing") { database, findings in
            try await database.makeCoins(2)
            await findings.failure(.uniqueViolation, "bulk") {
                try await database.bulkInsert(
                    into: "coin", columns: ["id", "rank"], rows: [["new", 9], ["coin-1", 9]])
            }
            findings.equal(try await database.coinCount(), 2, "the number of coins")
        },
    ]
}
