package import FoundationEssentials

// The values of the model on the wire. A record's fields are written in an order that never changes; a new one comes last,
// and its reader takes a default where it is missing.

extension String: WireCodable {
    package func write(to writer: inout WireWriter) { writer.write(self) }
    package init(from reader: inout WireReader) throws(WireError) { self = try reader.text() }
}

extension Int: WireCodable {
    package func write(to writer: inout WireWriter) { writer.write(Int64(self)) }
    package init(from reader: inout WireReader) throws(WireError) { self = try reader.int() }
}

/// To the last bit: what a process reads is equal to what the other one had.
extension Date: WireCodable {
    package func write(to writer: inout WireWriter) { writer.write(timeIntervalSinceReferenceDate) }
    package init(from reader: inout WireReader) throws(WireError) {
        self.init(timeIntervalSinceReferenceDate: try reader.double())
    }
}

extension Duration: WireCodable {
    package func write(to writer: inout WireWriter) {
        writer.write(components.seconds)
        writer.write(components.attoseconds)
    }

    package init(from reader: inout WireReader) throws(WireError) {
        self.init(secondsComponent: try reader.integer(), attosecondsComponent: try reader.integer())
    }
}

extension AttemptID: WireCodable {
    package func write(to writer: inout WireWriter) { writer.write(rawValue) }
    package init(from reader: inout WireReader) throws(WireError) {
        self.init(rawValue: try reader.integer())
    }
}

extension TaskInstanceKey: WireCodable {
    package func write(to writer: inout WireWriter) {
        writer.write(run.dagID.rawValue)
        writer.write(run.runID.rawValue)
        writer.write(taskID.rawValue)
        writer.write(mapIndex)
    }

    package init(from reader: inout WireReader) throws(WireError) {
        let run = RunKey(DAGID(try reader.text()), RunID(try reader.text()))
        self.init(run, TaskID(try reader.text()), mapIndex: try reader.int())
    }
}

extension DataInterval: WireCodable {
    package func write(to writer: inout WireWriter) {
        writer.write(start)
        writer.write(end)
    }

    package init(from reader: inout WireReader) throws(WireError) {
        self.init(start: try reader.value(), end: try reader.value())
    }
}

extension ResourceUsage: WireCodable {
    package func write(to writer: inout WireWriter) {
        writer.record { writer in
            writer.write(cpuSeconds)
            for count in [peakMemory, readBytes, writtenBytes, contextSwitches] { writer.write(count) }
        }
    }

    package init(from reader: inout WireReader) throws(WireError) {
        self = try reader.record { reader throws(WireError) in
            ResourceUsage(
                cpuSeconds: try reader.double(), peakMemory: try reader.integer(),
                readBytes: try reader.integer(),
                writtenBytes: try reader.integer(), contextSwitches: try reader.integer())
        }
    }
}

extension EncodedOutput: WireCodable {
    package func write(to writer: inout WireWriter) {
        writer.write(json)
        writer.write(typeName)
        writer.write(count)
    }

    package init(from reader: inout WireReader) throws(WireError) {
        self.init(json: try reader.text(), typeName: try reader.text(), count: try reader.optional())
    }
}

extension XCom: WireCodable {
    package func write(to writer: inout WireWriter) {
        writer.write(task)
        writer.write(key)
        writer.write(output)
    }

    package init(from reader: inout WireReader) throws(WireError) {
        self.init(task: try reader.value(), key: try reader.text(), output: try reader.value())
    }
}

extension TemplateField: WireCodable {
    package func write(to writer: inout WireWriter) {
        writer.write(name)
        writer.write(text)
    }

    package init(from reader: inout WireReader) throws(WireError) {
        self.init(try reader.text(), try reader.text())
    }
}

extension JSONValue: WireCodable {
    package func write(to writer: inout WireWriter) {
        switch self {
        case .null: writer.write(UInt8(0))
        case .bool(let flag): writer.write(UInt8(flag ? 2 : 1))
        case .integer(let number):
            writer.write(UInt8(3))
            writer.write(number)
        case .number(let number):
            writer.write(UInt8(4))
            writer.write(number)
        case .string(let text):
            writer.write(UInt8(5))
            writer.write(text)
        case .array(let elements):
            writer.write(UInt8(6))
            writer.write(elements)
        case .object(let members):
            writer.write(UInt8(7))
            writer.write(UInt64(members.count))
            for (key, value) in members {
                writer.write(key)
                writer.write(value)
            }
        }
    }

    package init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 0: self = .null
        case 1: self = .bool(false)
        case 2: self = .bool(true)
        case 3: self = .integer(try reader.integer())
        case 4: self = .number(try reader.double())
        case 5: self = .string(try reader.text())
        case 6: self = .array(try reader.list())
        case 7:
            var members: [String: JSONValue] = [:]
            for _ in 0..<(try reader.length()) { members[try reader.text()] = try reader.value() }
            self = .object(members)
        case let tag: throw .unknown("JSON value", tag: tag)
        }
    }
}
