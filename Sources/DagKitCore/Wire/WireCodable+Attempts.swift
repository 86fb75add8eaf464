extension AttemptOrder: WireCodable {
    package func write(to writer: inout WireWriter) {
        writer.record { writer in
            writer.write(attemptID)
            writer.write(key)
            writer.write(tryNumber)
            writer.write(lastTry)
            writer.write(runType.rawValue)
            writer.write(logicalDate)
            writer.write(dataInterval)
            writer.write(runAfter)
            writer.write(params)
            writer.write(conf)
            writer.write(clearNumber)
            writer.write(structureHash)
            writer.write(operatorName)
            writer.write(timeout)
            writer.write(declaration)
            writer.write(UInt64(settings.count))
            for (name, value) in settings {
                writer.write(name)
                writer.write(value)
            }
            writer.write(notice.flatMap { try? JSONCoding.tree(of: $0) })
            writer.write(outlets)
            writer.write(firstStart)
            writer.write(pokeCount)
        }
    }

    package init(from reader: inout WireReader) throws(WireError) {
        self = try reader.record { reader throws(WireError) in
            var order = AttemptOrder(
                attemptID: try reader.value(), key: try reader.value(), tryNumber: try reader.int(),
                lastTry: try reader.int(), runType: try Self.runType(&reader),
                logicalDate: try reader.optional(),
                dataInterval: try reader.optional(), runAfter: try reader.value(), params: try reader.value(),
                conf: try reader.value(), clearNumber: try reader.int(), structureHash: try reader.text(),
                operatorName: try reader.text(), timeout: try reader.optional(),
                declaration: try reader.optional(),
                settings: try Self.settings(&reader), notice: try Self.notice(&reader),
                outlets: reader.isAtEnd ? [] : try reader.list())
            if !reader.isAtEnd {
                order.firstStart = try reader.optional()
                order.pokeCount = try reader.int()
            }
            return order
        }
    }

    private static func runType(_ reader: inout WireReader) throws(WireError) -> RunType {
        let name = try reader.text()
        guard let type = RunType(rawValue: name) else { throw .malformed("run type") }
        return type
    }

    private static func notice(_ reader: inout WireReader) throws(WireError) -> Notice? {
        guard !reader.isAtEnd, let tree: JSONValue = try reader.optional() else { return nil }
        guard let notice = try? JSONCoding.decode(Notice.self, from: tree) else { throw .malformed("notice") }
        return notice
    }

    private static func settings(_ reader: inout WireReader) throws(WireError) -> [String: String] {
        var settings: [String: String] = [:]
        for _ in 0..<(try reader.length()) { settings[try reader.text()] = try reader.text() }
        return settings
    }
}

extension AttemptOutcome: WireCodable {
    package func write(to writer: inout WireWriter) {
        writer.record { writer in
            writer.write(attemptID)
            writer.write(key)
            writer.write(tryNumber)
            writer.write(verdict)
            writer.write(pushed)
            writer.write(startedAt)
            writer.write(endedAt)
            writer.write(usage)
            writer.write(processID)
            writer.write(hostname)
            writer.write(rendered)
            writer.write(mapName)
            writer.write(UInt64(assetExtras.count))
            for (uri, extra) in assetExtras {
                writer.write(uri)
                writer.write(extra)
            }
            writer.write(pokeCount)
        }
    }

    package init(from reader: inout WireReader) throws(WireError) {
        self = try reader.record { reader throws(WireError) in
            var outcome = AttemptOutcome(
                attemptID: try reader.value(), key: try reader.value(), tryNumber: try reader.int(),
                verdict: try reader.value(), pushed: try reader.list(), startedAt: try reader.value(),
                endedAt: try reader.value(), usage: try reader.optional(), processID: try reader.optional(),
                hostname: try reader.optional(), rendered: try reader.list())
            outcome.mapName = try reader.optional()
            if !reader.isAtEnd {
                for _ in 0..<(try reader.length()) {
                    outcome.assetExtras[try reader.text()] = try reader.value()
                }
            }
            if !reader.isAtEnd { outcome.pokeCount = try reader.optional() }
            return outcome
        }
    }
}

extension AttemptOutcome.Verdict: WireCodable {
    package func write(to writer: inout WireWriter) {
        switch self {
        case .success(let output):
            writer.write(UInt8(0))
            writer.write(output)
        case .skipped(let reason):
            writer.write(UInt8(1))
            writer.write(reason)
        case .failed(let reason, let isRetryable, let delay):
            writer.write(UInt8(2))
            writer.write(reason)
            writer.write(isRetryable)
            writer.write(delay)
        case .notStarted(let reason):
            writer.write(UInt8(3))
            writer.write(reason)
        case .waiting(let until, let reason):
            writer.write(UInt8(4))
            writer.write(until)
            writer.write(reason)
        }
    }

    package init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 0: self = .success(try reader.optional())
        case 1: self = .skipped(reason: try reader.text())
        case 2:
            self = .failed(
                reason: try reader.text(), isRetryable: try reader.flag(), retryDelay: try reader.optional())
        case 3: self = .notStarted(reason: try reader.text())
        case 4: self = .waiting(until: try reader.value(), reason: try reader.text())
        case let tag: throw .unknown("verdict", tag: tag)
        }
    }
}
