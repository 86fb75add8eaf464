package import DagKitCore
package import DagKitSystem

/// Messages as bytes: a version, and the message in the compact form of ``WireWriter``.
///
/// The kinds of messages keep their numbers, and a later version may add fields to what a message holds: a scheduler and a
/// supervisor of different versions understand each other as long as ``version`` is the same.
enum MessageCoding {
    private static let version: UInt8 = 1

    /// - Throws: ``FrameError/tooLong(_:limit:)``: the other side would refuse it.
    static func bytes(of message: some WireCodable) throws(FrameError) -> [UInt8] {
        var writer = WireWriter()
        writer.write(version)
        writer.write(message)
        guard writer.bytes.count <= FrameDecoder.usualLimit else {
            throw .tooLong(writer.bytes.count, limit: FrameDecoder.usualLimit)
        }
        return writer.bytes
    }

    static func message<Message: WireCodable>(
        _ type: Message.Type, from bytes: [UInt8]
    ) throws(WireError) -> Message {
        var reader = WireReader(bytes)
        let found = try reader.byte()
        guard found == version else { throw .unknown("version", tag: found) }
        return try reader.value()
    }
}

extension SchedulerMessage: WireCodable {
    func write(to writer: inout WireWriter) {
        switch self {
        case .hello(let identity):
            writer.write(UInt8(0))
            writer.write(identity)
        case .dispatch(let orders):
            writer.write(UInt8(1))
            writer.write(orders)
        case .kill(let attempt, let reason):
            writer.write(UInt8(2))
            writer.write(attempt)
            writer.write(reason)
        case .acknowledge(let attempts):
            writer.write(UInt8(3))
            writer.write(attempts)
        case .stop(let grace):
            writer.write(UInt8(4))
            writer.write(grace)
        case .endNow: writer.write(UInt8(5))
        }
    }

    init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 0: self = .hello(identity: try reader.text())
        case 1: self = .dispatch(try reader.list())
        case 2: self = .kill(try reader.value(), reason: try reader.text())
        case 3: self = .acknowledge(try reader.list())
        case 4: self = .stop(grace: try reader.value())
        case 5: self = .endNow
        case let tag: throw .unknown("word of a scheduler", tag: tag)
        }
    }
}

extension SupervisorMessage: WireCodable {
    func write(to writer: inout WireWriter) {
        switch self {
        case .welcome(let welcome):
            writer.write(UInt8(0))
            writer.write(welcome)
        case .finished(let outcome):
            writer.write(UInt8(1))
            writer.write(outcome)
        case .warning(let text):
            writer.write(UInt8(2))
            writer.write(text)
        case .retiring: writer.write(UInt8(3))
        case .welcomePart(let running, let outcomes):
            writer.write(UInt8(4))
            writer.write(running)
            writer.write(outcomes)
        }
    }

    init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 0: self = .welcome(try reader.value())
        case 1: self = .finished(try reader.value())
        case 2: self = .warning(try reader.text())
        case 3: self = .retiring
        case 4: self = .welcomePart(running: try reader.list(), outcomes: try reader.list())
        case let tag: throw .unknown("word of a supervisor", tag: tag)
        }
    }
}

extension SupervisorWelcome: WireCodable {
    func write(to writer: inout WireWriter) {
        writer.record { writer in
            writer.write(identity)
            writer.write(process)
            writer.write(running)
            writer.write(outcomes)
        }
    }

    init(from reader: inout WireReader) throws(WireError) {
        self = try reader.record { reader throws(WireError) in
            SupervisorWelcome(
                identity: try reader.text(), process: try reader.value(), running: try reader.list(),
                outcomes: try reader.list())
        }
    }
}

extension ProcessIdentity: WireCodable {
    package func write(to writer: inout WireWriter) {
        writer.write(Int64(id))
        writer.write(startTime)
    }

    package init(from reader: inout WireReader) throws(WireError) {
        let id = try reader.integer()
        guard let id = Int32(exactly: id) else { throw .malformed("process id") }
        self.init(id: id, startTime: try reader.unsigned())
    }
}

extension WorkerInstruction: WireCodable {
    func write(to writer: inout WireWriter) {
        switch self {
        case .run(let order):
            writer.write(UInt8(0))
            writer.write(order)
        case .masked: writer.write(UInt8(1))
        }
    }

    init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 0: self = .run(try reader.value())
        case 1: self = .masked
        case let tag: throw .unknown("instruction", tag: tag)
        }
    }
}

extension WorkerReport: WireCodable {
    func write(to writer: inout WireWriter) {
        switch self {
        case .mask(let values):
            writer.write(UInt8(0))
            writer.write(values)
        case .finished(let outcome, let isSpent):
            writer.write(UInt8(1))
            writer.write(outcome)
            writer.write(isSpent)
        case .lostCommand: writer.write(UInt8(2))
        case .ready: writer.write(UInt8(3))
        case .ending: writer.write(UInt8(4))
        }
    }

    init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 0: self = .mask(try reader.list())
        case 1: self = .finished(try reader.value(), isSpent: try reader.flag())
        case 2: self = .lostCommand
        case 3: self = .ready
        case 4: self = .ending
        case let tag: throw .unknown("report", tag: tag)
        }
    }
}
