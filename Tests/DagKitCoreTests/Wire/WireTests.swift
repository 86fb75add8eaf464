import DagKitCore
import FoundationEssentials
import Testing

@Suite struct WireTests {
    private static let noon = Date(timeIntervalSince1970: 1_760_000_000.123456)
    private static let key = TaskInstanceKey(
        RunKey("market", "manual__2025-10-25T12:00:00+00:00"), "größe", mapIndex: 3)

    private static let order = AttemptOrder(
        attemptID: AttemptID(rawValue: .max), key: key, tryNumber: 2, lastTry: 4, runType: .backfill,
        logicalDate: noon, dataInterval: DataInterval(start: noon - 60, end: noon), runAfter: noon,
        params: ["limit": 10, "deep": [1, -2.5, nil, true, false, ["": "🪙"]]], conf: .object([:]),
        clearNumber: 1, structureHash: "abc", operatorName: "SwiftOperator", timeout: .milliseconds(1500),
        declaration: ["operator": "shell"], settings: ["core.a": "1", "core.b": ""],
        notice: Notice(.taskFailed, at: noon, run: key.run, task: key, to: Notice.Receiver("bell")))

    private static let verdicts: [AttemptOutcome.Verdict] = [
        .success(nil), .success(EncodedOutput(json: "[1]", typeName: "Swift.Array<Swift.Int>", count: 1)),
        .skipped(reason: "nothing to do"), .failed(reason: "", isRetryable: true, retryDelay: .seconds(-3)),
        .failed(reason: "broken", isRetryable: false, retryDelay: nil), .notStarted(reason: "no room"),
        .waiting(until: noon + 60, reason: "not there"),
    ]

    private static func outcome(_ verdict: AttemptOutcome.Verdict) -> AttemptOutcome {
        AttemptOutcome(
            attemptID: AttemptID(rawValue: 7), key: key, tryNumber: 1, verdict: verdict,
            pushed: [
                XCom(task: key, key: "k", output: EncodedOutput(json: "1", typeName: "Int", count: nil))
            ],
            startedAt: noon, endedAt: noon + 1,
            usage: ResourceUsage(
                cpuSeconds: 0.1, peakMemory: .max, readBytes: -1, writtenBytes: 0, contextSwitches: 5),
            processID: 1234, hostname: "host", rendered: [TemplateField("sql", "select 1")])
    }

    @Test(arguments: [Int64.min, -65, -64, -1, 0, 1, 63, 64, 127, 128, .max])
    func `a whole number comes back, whatever its size`(number: Int64) throws {
        var writer = WireWriter()
        writer.write(number)
        var reader = WireReader(writer.bytes)

        #expect(try reader.integer() == number)
        #expect(reader.isAtEnd)
    }

    @Test func `an order comes back as it was`() throws {
        var order = Self.order
        order.firstStart = Self.noon - 3600
        order.pokeCount = 7

        #expect(try copy(of: order) == order)
    }

    @Test(arguments: verdicts)
    func `an outcome comes back as it was`(verdict: AttemptOutcome.Verdict) throws {
        var outcome = Self.outcome(verdict)
        outcome.mapName = "größe 3"
        outcome.pokeCount = 4

        #expect(try copy(of: outcome) == outcome)
    }

    @Test func `an outcome of which little is known comes back as it was`() throws {
        let outcome = AttemptOutcome(
            attemptID: AttemptID(rawValue: 0), key: TaskInstanceKey(RunKey("", ""), ""), tryNumber: 0,
            verdict: .success(nil), startedAt: .distantPast, endedAt: .distantFuture)

        #expect(try copy(of: outcome) == outcome)
    }

    @Test func `a message that is cut off anywhere is refused`() {
        let bytes = Self.bytes(of: Self.order)

        for count in 0..<bytes.count {
            var reader = WireReader(Array(bytes[..<count]))
            #expect(throws: WireError.self) { try reader.value(AttemptOrder.self) }
        }
    }

    @Test func `fields that a later version added are skipped`() throws {
        var writer = WireWriter()
        for later in [1, 2] {
            writer.record { writer in
                writer.write("known")
                writer.write(later)
                writer.write("added")
            }
        }
        var reader = WireReader(writer.bytes)

        for _ in 0..<2 {
            let text = try reader.record { reader throws(WireError) in try reader.text() }
            #expect(text == "known")
        }
        #expect(reader.isAtEnd)
    }

    @Test func `a field that an earlier version did not write is seen to be missing`() throws {
        var writer = WireWriter()
        writer.record { $0.write("known") }
        writer.write("behind")
        var reader = WireReader(writer.bytes)

        let isMissing = try reader.record { reader throws(WireError) in
            _ = try reader.text()
            return reader.isAtEnd
        }

        #expect(isMissing)
        #expect(try reader.text() == "behind")
    }

    @Test func `a kind that nobody knows is refused by its number`() {
        var reader = WireReader([99])

        #expect(throws: WireError.unknown("JSON value", tag: 99)) { try reader.value(JSONValue.self) }
    }

    @Test func `values that hold each other without end are refused`() {
        // Arrays of one element each.
        var reader = WireReader((0..<10_000).map { $0.isMultiple(of: 2) ? 6 : 1 })

        #expect(throws: WireError.malformed("nesting")) { try reader.value(JSONValue.self) }
    }

    @Test func `no bytes make the reader do anything but read or refuse`() {
        var random = SplitMix(seed: 20_251_025)
        let valid = Self.bytes(of: Self.order)
        for _ in 0..<2_000 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
                    in: 0 ... .max, using: &random)
            }
            var reader = WireReader(bytes)
            _ = try? reader.value(AttemptOrder.self)
        }
    }

    private func copy<Value: WireCodable>(of value: Value) throws -> Value {
        var reader = WireReader(Self.bytes(of: value))
        let copy: Value = try reader.value()
        #expect(reader.isAtEnd)
        return copy
    }

    private static func bytes(of value: some WireCodable) -> [UInt8] {
        var writer = WireWriter()
        writer.write(value)
        return writer.bytes
    }
}
