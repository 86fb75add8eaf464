import CLibPQ
import DagKitSQL
import Glibc

/// The line to a server: sends, waits with a deadline, and stops what nobody waits for any more.
///
/// libpq never blocks here: every wait is one `poll` over its socket and the bell of an interruption. A link lives
/// on one thread at a time.
final class PostgresLink {
    /// What messages call the database.
    let name: String

    /// Rings when the running job is interrupted.
    let bell: Bell

    /// The word of the running job, if it may be interrupted now.
    var interruption: Interruption?

    /// Whether the link can serve no other job.
    private(set) var isBroken = false

    let pointer: OpaquePointer
    private var cancelKey: OpaquePointer?

    /// How long the server may take to give up what it is asked to stop, before the link is cut.
    private static let stopGrace: Duration = .seconds(5)

    /// A call that is under way.
    struct Call {
        /// The text of the statement, for messages.
        let statement: String?
        /// When it must be over.
        var deadline: ContinuousClock.Instant
        /// Why it is being stopped.
        var stop: Stop?
    }

    enum Stop { case cancelled, late }

    /// Connects.
    ///
    /// - Throws: `CancellationError`, or ``SQLError`` that says who did not let us in.
    init(_ parameters: ConnectionParameters, bell: Bell, interruption: Interruption?) throws {
        name = parameters.name
        self.bell = bell
        self.interruption = interruption
        let started = parameters.withPointers { PQconnectStartParams($0, $1, 0) }
        guard let started else { throw SQLError(.other, message: "out of memory", database: name) }
        pointer = started
        PQsetNoticeProcessor(pointer, ignoreNotice, nil)
        // The words of a refusal come with their SQLSTATE in this form only.
        PQsetErrorVerbosity(pointer, PQERRORS_VERBOSE)
        try greet(until: .now + parameters.configuration.connectTimeout, parameters.configuration)
        PQsetnonblocking(pointer, 1)
        cancelKey = PQgetCancel(pointer)
    }

    deinit {
        PQfreeCancel(cancelKey)
        PQfinish(pointer)
    }

    /// Where the session stands.
    var transactionStatus: PGTransactionStatusType { PQtransactionStatus(pointer) }

    /// Whether no statement runs and no transaction is open.
    var isIdle: Bool { transactionStatus == PQTRANS_IDLE }

    /// The version of the server, such as 150018 for 15.18.
    var serverVersion: Int { Int(PQserverVersion(pointer)) }

    /// Whether the line is encrypted.
    var isEncrypted: Bool { PQsslInUse(pointer) == 1 }

    /// Whether nobody waits for the running job any more.
    var isCancelled: Bool { interruption?.isRequested ?? false }

    /// Sends what `send` hands to libpq and returns the last answer, or the first one that is an error.
    ///
    /// - Throws: `CancellationError`, or ``SQLError`` if the link is lost or the time is up.
    func perform(
        _ statement: String?, within timeout: Duration, _ send: () -> Int32
    ) throws -> PostgresResult {
        var call = Call(statement: statement, deadline: .now + timeout)
        guard !isCancelled else { throw CancellationError() }
        guard send() == 1 else { throw lost(call) }
        return try finish(&call)
    }

    /// Waits for the answer of what was sent.
    func finish(_ call: inout Call) throws -> PostgresResult {
        try flush(&call)
        var kept: PostgresResult?
        while let result = try next(&call) {
            // An error makes the rest worthless; else the last answer counts.
            if kept?.isError != true { kept = result }
            switch result.status {
            case PGRES_COPY_IN: return result
            case PGRES_COPY_OUT, PGRES_COPY_BOTH:
                isBroken = true
                throw SQLError(
                    .syntax, message: "COPY to the client is not a statement that returns rows",
                    database: name, statement: call.statement, advice: "select the rows instead")
            default: break
            }
        }
        guard let kept else { throw lost(call) }
        if PQstatus(pointer) != CONNECTION_OK {
            isBroken = true
            // libpq itself says that the line is dead; a server that says goodbye does so with a code.
            if kept.isError, kept.sqlState == nil { throw lost(call) }
        }
        if kept.isError, call.stop == .cancelled { throw CancellationError() }
        if kept.isError, call.stop == .late { throw late(call) }
        return kept
    }

    /// Whether an idle link still has its server at the other end.
    func isAlive() -> Bool {
        for _ in 0..<4 {
            guard !isBroken, PQstatus(pointer) == CONNECTION_OK else { return false }
            // A server that ends a session says so, then closes: there is something to read.
            guard wait(for: POLLIN, until: .now, hearsBell: false) == .ready else { return true }
            guard PQconsumeInput(pointer) == 1 else { return false }
        }
        return false
    }

    /// Gives the link up: what it is in the midst of cannot be taken up again.
    func abandon() { isBroken = true }

    /// Waits for the socket; when it is time or the bell rings, the server is asked to stop.
    func pass(_ events: Int32, _ call: inout Call) throws {
        switch wait(for: events, until: call.deadline, hearsBell: call.stop == nil && interruption != nil) {
        case .ready: return
        case .interrupted: try stop(.cancelled, &call)
        case .late:
            guard let stop = call.stop else { return try self.stop(.late, &call) }
            // It was asked to stop and does not even answer: the link is dead.
            isBroken = true
            if stop == .cancelled { throw CancellationError() }
            throw late(call)
        }
    }

    /// Asks the server to end the running statement.
    func stop(_ reason: Stop, _ call: inout Call) throws {
        call.stop = reason
        call.deadline = .now + Self.stopGrace
        var reply = [CChar](repeating: 0, count: 256)
        if PQcancel(cancelKey, &reply, Int32(reply.count)) == 1 { return }
        isBroken = true
        if reason == .cancelled { throw CancellationError() }
        throw late(call)
    }

    /// Sends all that libpq holds back.
    func flush(_ call: inout Call) throws {
        while true {
            switch PQflush(pointer) {
            case 0: return
            case 1:
                try pass(POLLIN | POLLOUT, &call)
                // A server that cannot get rid of its words takes none.
                guard PQconsumeInput(pointer) == 1 else { throw lost(call) }
            default: throw lost(call)
            }
        }
    }

    /// The link is gone, in the words of libpq or of the server.
    func lost(_ call: Call) -> any Error {
        isBroken = true
        if call.stop == .cancelled { return CancellationError() }
        let words = ConnectionWords(String(cString: PQerrorMessage(pointer)))
        return SQLError(
            .connectionLost, sqlState: words.sqlState, message: words.message, database: name,
            statement: call.statement)
    }

    private func next(_ call: inout Call) throws -> PostgresResult? {
        while PQisBusy(pointer) == 1 {
            try pass(POLLIN, &call)
            // A broken line is told by the result that follows, with what the server said last.
            if PQconsumeInput(pointer) != 1, PQisBusy(pointer) == 1 { throw lost(call) }
        }
        return PQgetResult(pointer).map { PostgresResult($0) }
    }

    private func late(_ call: Call) -> SQLError {
        SQLError(
            .timedOut, message: "the statement took longer than it may", database: name,
            statement: call.statement)
    }
}

// MARK: - Waiting

extension PostgresLink {
    private enum Outcome { case ready, interrupted, late }

    private func wait(
        for events: Int32, until deadline: ContinuousClock.Instant, hearsBell: Bool
    ) -> Outcome {
        var descriptors = [
            pollfd(fd: PQsocket(pointer), events: Int16(events), revents: 0),
            pollfd(fd: hearsBell ? bell.descriptor : -1, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let rest = ContinuousClock.now.duration(to: deadline)
            // Rounded up, so that nobody wakes before the deadline; at most a minute at once.
            let milliseconds = rest > .zero ? min(rest.milliseconds + 1, 60_000) : 0
            let count = poll(&descriptors, 2, Int32(milliseconds))
            if count < 0, errno == EINTR { continue }
            if count == 0 {
                if ContinuousClock.now >= deadline { return .late }
                continue
            }
            return descriptors[1].revents != 0 ? .interrupted : .ready
        }
    }

    /// Takes the steps of connecting, each when its socket is ready.
    private func greet(
        until deadline: ContinuousClock.Instant, _ configuration: PostgresConfiguration
    ) throws {
        guard PQstatus(pointer) != CONNECTION_BAD else { throw refused() }
        var events = POLLOUT
        while true {
            switch wait(for: events, until: deadline, hearsBell: interruption != nil) {
            case .ready: break
            case .interrupted: throw CancellationError()
            case .late:
                let seconds = configuration.connectTimeout.components.seconds
                throw SQLError(
                    .cannotOpen, message: "the server did not let us in within \(seconds) s", database: name,
                    advice: "check the host and the network, or raise connect_timeout")
            }
            switch PQconnectPoll(pointer) {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING: events = POLLIN
            case PGRES_POLLING_WRITING: events = POLLOUT
            default: throw refused()
            }
        }
    }

    private func refused() -> SQLError {
        let words = ConnectionWords(String(cString: PQerrorMessage(pointer)))
        return words.refusal(
            database: name, needsPassword: PQconnectionNeedsPassword(pointer) == 1,
            encryption: PQsslInUse(pointer) == 1)
    }
}

/// libpq would print what a server notes by the way.
private func ignoreNotice(_ argument: UnsafeMutableRawPointer?, _ message: UnsafePointer<CChar>?) {}

extension ConnectionParameters {
    /// Lends the keywords and their values to C, as two lists that end in a null pointer.
    fileprivate func withPointers<Result>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        let names = keywords.map { strdup($0.0) }
        let values = keywords.map { strdup($0.1) }
        defer {
            for text in names + values {
                // A password does not stay behind in freed memory.
                if let text { explicit_bzero(text, strlen(text)) }
                free(text)
            }
        }
        let ended = { (texts: [UnsafeMutablePointer<CChar>?]) in texts.map { UnsafePointer($0) } + [nil] }
        return ended(names).withUnsafeBufferPointer { names in
            ended(values).withUnsafeBufferPointer { values in body(names.baseAddress, values.baseAddress) }
        }
    }
}
