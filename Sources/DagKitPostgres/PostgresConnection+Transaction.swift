import CLibPQ
import DagKitSQL
import Glibc

extension PostgresConnection {
    /// Runs `body` outside of a transaction and refuses one that leaves a transaction open behind it.
    func single<Value>(_ body: () throws -> Value) throws -> Value {
        defer { failure = nil }
        let value = try body()
        guard link.transactionStatus == PQTRANS_IDLE else {
            rollBack()
            throw SQLError(
                .syntax, message: "a transaction cannot be begun by a statement: call transaction(_:)",
                database: link.name)
        }
        return value
    }

    /// Runs `body` in one transaction, and takes all of it back if it throws; what another transaction got in
    /// the way of is run again.
    func transaction<Value>(
        _ mode: SQLTransactionMode, durability: SQLDurability, _ body: (any SQLTransaction) throws -> Value
    ) throws -> Value {
        var attempt = 0
        while true {
            do {
                return try attemptTransaction(mode, durability: durability, body)
            } catch let error as SQLError
                where error.isCollision && attempt < configuration.transactionRetries && !link.isBroken
            {
                attempt += 1
                try pause(attempt)
            }
        }
    }

    private func attemptTransaction<Value>(
        _ mode: SQLTransactionMode, durability: SQLDurability, _ body: (any SQLTransaction) throws -> Value
    ) throws -> Value {
        failure = nil
        defer { failure = nil }
        try command(opening(mode, durability))
        do {
            let value = try body(self)
            switch link.transactionStatus {
            case PQTRANS_INTRANS: break
            case PQTRANS_INERROR:
                // The body went on after a failure; nothing of it can be stored.
                throw failure ?? SQLError(.other, message: "the transaction has failed", database: link.name)
            default:
                throw SQLError(.other, message: "the body ended its own transaction", database: link.name)
            }
            try commit()
            return value
        } catch {
            rollBack()
            // After a failure the server answers only with a refusal: the failure is what matters.
            if let later = error as? SQLError, later.sqlState == "25P02", let failure { throw failure }
            throw error
        }
    }

    private func opening(_ mode: SQLTransactionMode, _ durability: SQLDurability) -> String {
        let text =
            switch mode {
            case .read: "begin isolation level repeatable read, read only"
            case .write: "begin isolation level \(configuration.isolation.rawValue)"
            }
        return durability == .full && mode == .write
            ? text + "; set local synchronous_commit = on" : text
    }

    /// Commits, whoever waits or not: half-way there is no way back.
    private func commit() throws {
        let interruption = link.interruption
        link.interruption = nil
        defer { link.interruption = interruption }
        if interruption?.isRequested == true { throw CancellationError() }
        do {
            try command("commit")
        } catch let error as SQLError where error.kind == .connectionLost || error.kind == .timedOut {
            link.abandon()
            throw SQLError(
                .connectionLost, sqlState: "08007",
                message: "the connection broke while committing (\(error.message)): stored or not is unknown",
                database: link.name, advice: "look at the rows before the same is done again")
        }
    }

    /// Takes back what is open; a link that cannot even do that serves nobody any more.
    private func rollBack() {
        let interruption = link.interruption
        link.interruption = nil
        defer { link.interruption = interruption }
        guard !link.isBroken, link.transactionStatus != PQTRANS_IDLE else { return }
        do { try command("rollback") } catch { link.abandon() }
    }

    /// Waits longer from time to time, and not as long as the other one.
    private func pause(_ attempt: Int) throws {
        let spread = (UInt32(bitPattern: PQbackendPID(link.pointer)) &* 2_654_435_761) >> 24
        let milliseconds = (1 << min(attempt, 6)) + Int(spread) * attempt / 16
        var nothing = pollfd(fd: link.bell.descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&nothing, 1, Int32(milliseconds))
        if link.isCancelled { throw CancellationError() }
    }
}

extension SQLError {
    /// Whether two transactions got into each other's way, so that this one did not happen.
    fileprivate var isCollision: Bool { kind == .serializationFailure || kind == .deadlock }
}
