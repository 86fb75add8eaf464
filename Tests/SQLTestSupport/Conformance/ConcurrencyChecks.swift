import DagKitSQL

extension SQLConformance {
    static let concurrencyChecks: [Check] = [
        Check("readers do not wait for a writer and see no half of its work") { database, findings in
            try await database.makeCoins(3)
            let (isWriting, mayCommit) = (AsyncStream<Void>.makeStream(), Gate())
            let writing = Task {
                try await database.transaction { transaction in
                    try transaction.execute("delete from coin")
                    isWriting.continuation.yield()
                    mayCommit.wait()
                }
            }
            for await _ in isWriting.stream { break }
            let during = try await database.coinCount()
            mayCommit.open()
            try await writing.value
            findings.equal(during, 3, "the number of coins meanwhile")
            findings.equal(try await database.coinCount(), 0, "the number of coins afterwards")
        },
        Check("a reading transaction keeps to one state") { database, findings in
            try await database.makeCoins(3)
            let (hasRead, mayReadAgain) = (AsyncStream<Void>.makeStream(), Gate())
            let reading = Task {
                try await database.transaction(.read) { transaction in
                    let first: Int = try transaction.query("select count(*) from coin")[0][0]
                    hasRead.continuation.yield()
                    mayReadAgain.wait()
                    let second: Int = try transaction.query("select count(*) from coin")[0][0]
                    return [first, second]
                }
            }
            for await _ in hasRead.stream { break }
            try await database.execute("delete from coin")
            mayReadAgain.open()
            findings.equal(try await reading.value, [3, 3], "the numbers of coins")
        },
        Check("transactions that read and then write lose no update") { database, findings in
            try await database.makeCoins(1)
            try await withThrowingTaskGroup { group in
                for _ in 0..<24 {
                    group.addTask {
                        try await database.transaction { transaction in
                            let rank: Int = try transaction.query("select rank from coin")[0][0]
                            try transaction.execute("update coin set rank = \(rank + 1)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            findings.equal(try await database.query("select rank from coin")[0][0], 24, "the rank")
        },
        Check("a running read is stopped when its task is cancelled") { database, findings in
            let hasBegun = AsyncStream<Void>.makeStream()
            let reading = Task {
                try await database.transaction(.read) { transaction in
                    hasBegun.continuation.yield()
                    return try transaction.query(endless)
                }
            }
            for await _ in hasBegun.stream { break }
            reading.cancel()
            await cancelled(&findings, "the read") { _ = try await reading.value }
            findings.equal(try await database.query("select 1")[0].values, [1], "a later query")
        },
        Check("a cancelled call that waits its turn does not run") { database, findings in
            try await database.makeCoins()
            let waiting = Task {
                try await Task.sleep(for: .seconds(3_600))
            }
            waiting.cancel()
            let late = Task {
                _ = try? await waiting.value
                withUnsafeCurrentTask { $0?.cancel() }
                return try await database.execute("insert into coin values ('btc', 1)")
            }
            await cancelled(&findings, "the insert") { _ = try await late.value }
            findings.equal(try await database.coinCount(), 0, "the number of coins")
        },
        Check("many callers share the connections") { database, findings in
            try await database.makeCoins(10)
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for rank in 0..<200 {
                    group.addTask {
                        try await database.query("select rank from coin where rank = \(rank % 10)")[0][0]
                    }
                }
                return try await group.reduce(0, +)
            }
            findings.equal(sum, 900, "the sum of the ranks")
        },
        Check("closing lets what runs end") { database, findings in
            try await database.makeCoins()
            let (isHeld, mayEnd) = (AsyncStream<Void>.makeStream(), Gate())
            let holding = Task {
                try await database.transaction { transaction in
                    isHeld.continuation.yield()
                    mayEnd.wait()
                    return try transaction.execute("insert into coin values ('btc', 1)")
                }
            }
            for await _ in isHeld.stream { break }
            async let closing: Void = database.close()
            mayEnd.open()
            await closing
            findings.equal(try await holding.value, 1, "what the transaction did")
        },
    ]

    /// A query that counts for hours.
    static let endless: SQLStatement =
        "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n"

    private static func cancelled(
        _ findings: inout Findings, _ what: String, _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            findings.add("\(what) was not cancelled")
        } catch is CancellationError {
        } catch {
            findings.add("\(what) threw \(error) instead of being cancelled")
        }
    }
}
