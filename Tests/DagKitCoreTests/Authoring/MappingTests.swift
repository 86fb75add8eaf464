import DagKitCore
import FoundationEssentials
import Testing

@Suite struct MappingTests {
    @Test func `lists are zipped, crossed, joined and changed, and all values are gathered`() async throws {
        var run = try DAGRehearsal(Lists())
        try await run.run()

        #expect(run.machine.run.state == .success)
        #expect(try await run.value("pairs") == #"["a1","b2"]"#)
        #expect(try await run.value("table") == #"["ax","ay","bx","by","cx","cy"]"#)
        #expect(try await run.value("both") == #"["A","B","C","z"]"#)
        #expect(try await run.value("with_factor") == "[10,20]")
    }

    @Test func `an instance is called what its author calls it`() async throws {
        var run = try DAGRehearsal(Lists())
        try await run.run()

        let names = run.machine.instances.filter { $0.taskID == "with_factor" }.map(\.mapName)
        #expect(names == ["number 1", "number 2"])
        let stored = try #require(try await run.store.snapshot(of: run.machine.run.key))
        #expect(stored.instances.filter { $0.taskID == "with_factor" }.map(\.mapName) == names)
    }

    @Test func `the tasks of a mapped group follow each other element by element`() async throws {
        var run = try DAGRehearsal(PerCoin(symbols: ["BTC", "bad", "ETH"]))
        try await run.run()

        #expect(
            run.states == [
                "list": "success", "coin.price[0]": "success", "coin.price[1]": "failed",
                "coin.price[2]": "success",
                "coin.report[0]": "success", "coin.report[1]": "upstream_failed", "coin.report[2]": "success",
                "publish": "success",
            ])
        #expect(try await run.value("publish") == #"["BTC costs 3","ETH costs 3"]"#)
    }

    @Test func `a group that is mapped over nothing is skipped, and one over a failed list does not run`()
        async throws
    {
        var empty = try DAGRehearsal(PerCoin(symbols: []))
        try await empty.run()
        var failed = try DAGRehearsal(PerCoin(symbols: nil))
        try await failed.run()

        #expect(
            empty.states == [
                "list": "success", "coin.price": "skipped", "coin.report": "skipped", "publish": "success",
            ])
        #expect(
            failed.states == [
                "list": "failed", "coin.price": "upstream_failed", "coin.report": "upstream_failed",
                "publish": "success",
            ])
    }

    @Test func `a list that is longer than may be mapped over fails its task with both numbers`() async throws
    {
        var run = try DAGRehearsal(PerCoin(symbols: ["a", "b", "c", "d"], limit: 3))
        try await run.run()

        #expect(run.states["list"] == "failed")
        #expect(
            run.reason("list")
                == #"task "list" returned 4 elements, and "coin.price" may be mapped over 3; raise max_map_length, or return fewer"#
        )
    }

    @Test func `a product that is too long fails the mapped task`() async throws {
        var run = try DAGRehearsal(Lists(limit: 5))
        try await run.run()

        #expect(run.states["table"] == "failed")
        #expect(run.reason("table") == "6 instances are more than the dag's max_map_length of 5")
    }

    @Test func `a list that became shorter or longer after a clear removes or adds instances`() async throws {
        var run = try DAGRehearsal(PerCoin(symbols: ["a", "b", "c"]))
        try await run.run()
        run = try run.following(PerCoin(symbols: ["a"]))
        try await run.clear(["list", "publish"], mapped: ["coin.price", "coin.report"])

        #expect(run.states["coin.price[0]"] == "success")
        #expect(run.states["coin.price[1]"] == "removed")
        #expect(run.states["coin.report[2]"] == "removed")

        run = try run.following(PerCoin(symbols: ["a", "b", "c", "d"]))
        try await run.clear(["list", "publish"], mapped: ["coin.price", "coin.report"])

        #expect(run.states["coin.report[3]"] == "success")
        #expect(run.machine.run.state == .success)
        let events = try await run.store.events(of: run.machine.run.key)
        let folded = try #require(RunSnapshot(folding: events, of: run.spec))
        #expect(folded.instances == run.machine.instances)
    }

    @Test func `what is read by index outside its group is reported`() throws {
        let error = #expect(throws: DAGValidationError.self) { try DAGSpec(Leaking()) }

        #expect(
            error?.description == """
                Leak.swift:9: error: task "after" reads "g.a" by index, outside its mapped group; \
                let the group's closure return dag.gathered(handle), and read that
                """)
    }

    /// A mapped group over a list of known length behaves as the same tasks written out once per element.
    @Test(arguments: 0..<200)
    func `random mapped groups end as the plain model of their copies says`(seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed) &* 104_729 &+ 7)
        let copies = Int.random(in: 1...3, using: &random)
        let rules = TriggerRule.allCases.filter { $0 != .allDoneSetupSuccess && $0 != .always }
        var plain: [SlowRunModel.Node] = [SlowRunModel.Node(id: "list", upstream: [])]
        var drafts: [TaskDraft] = [Self.draft("list", [])]
        var acts: [String: String] = ["list": "list"]
        let size = Int.random(in: 1...5, using: &random)
        for index in 0..<size {
            let inner = (0..<index).filter { _ in Bool.random(using: &random) }
            let rule = Bool.random(using: &random) ? .allSuccess : rules.randomElement(using: &random)!
            var task = Self.draft("m\(index)", ["list"] + inner.map { "m\($0)" }, rule)
            task.mapping = .list("list")
            task.mapGroup = "g"
            drafts.append(task)
            for copy in 0..<copies {
                var node = SlowRunModel.Node(
                    id: "m\(index)[\(copy)]", upstream: ["list"] + inner.map { "m\($0)[\(copy)]" }, rule: rule
                )
                node.act = ["success", "success", "fail", "skip"].randomElement(using: &random)!
                acts[node.id] = node.act
                plain.append(node)
            }
        }
        let outer = (0..<size).filter { _ in Bool.random(using: &random) }
        let rule = rules.randomElement(using: &random)!
        drafts.append(Self.draft("end", ["list"] + outer.map { "m\($0)" }, rule))
        plain.append(
            SlowRunModel.Node(
                id: "end",
                upstream: ["list"] + outer.flatMap { task in (0..<copies).map { "m\(task)[\($0)]" } },
                rule: rule))
        var draft = GraphDraft(configuration: DAGConfiguration("random"))
        draft.tasks = drafts
        var model = SlowRunModel(plain)
        model.play { _ in 0 }

        let machine = try Self.play(DAGSpec(draft, zones: TimeZones()), acts, copies)

        for instance in machine.instances {
            let index = instance.mapIndex < 0 ? "" : "[\(instance.mapIndex)]"
            #expect(
                instance.state == model.states["\(instance.taskID)\(index)"], "seed \(seed), \(instance.key)")
        }
        #expect(machine.instances.count == plain.count, "seed \(seed)")
    }

    private static func draft(_ id: String, _ upstream: [String], _ rule: TriggerRule = .allSuccess)
        -> TaskDraft
    {
        TaskDraft(
            id: TaskID(id), edges: upstream.map { TaskEdge(to: TaskID($0)) },
            options: TaskOptions(triggerRule: rule),
            operatorName: "Random", work: TaskWork { _ in nil },
            location: SourceLocation(file: "R.swift", line: 1))
    }

    /// Runs the machine, always the first ready instance.
    private static func play(_ spec: DAGSpec, _ acts: [String: String], _ copies: Int) throws -> RunMachine {
        var machine = RunMachine(creating: .manual(spec, by: "test", at: .noon), of: spec)
        _ = machine.advance(.start, at: .noon)
        var attempts: Int64 = 0
        while let place = machine.waitingForSlot.first {
            attempts += 1
            _ = machine.advance(.dispatched([(place, AttemptID(rawValue: attempts))]), at: .noon)
            let instance = machine[place]
            let index = instance.mapIndex < 0 ? "" : "[\(instance.mapIndex)]"
            let verdict: AttemptOutcome.Verdict =
                switch acts["\(instance.taskID)\(index)"] {
                case "fail": .failed(reason: "fail", isRetryable: true, retryDelay: nil)
                case "skip": .skipped(reason: "skip")
                case "list": .success(try EncodedOutput(encoding: Array(0..<copies)))
                default: .success(nil)
                }
            _ = machine.advance(
                .finished(
                    AttemptOutcome(
                        attemptID: AttemptID(rawValue: attempts), key: instance.key, tryNumber: 1,
                        verdict: verdict,
                        startedAt: .noon, endedAt: .noon)), at: .noon)
            // A run read from its store goes on as if nothing had happened.
            var snapshot = RunSnapshot(run: machine.run, instances: machine.instances)
            snapshot.outputCounts = ["list": copies]
            if !machine.run.state.isFinished {
                machine = RunMachine(snapshot, of: spec, at: .noon)
                _ = machine.advance(.start, at: .noon)
            }
        }
        return machine
    }
}

private struct Lists: DAG {
    var configuration: DAGConfiguration

    init(limit: Int = 1024) { configuration = DAGConfiguration("lists", maxMapLength: limit) }

    func build(_ dag: inout DAGBuilder) {
        let letters = dag.task("letters") { _ in ["a", "b", "c"] }
        let numbers = dag.task("numbers") { _ in [1, 2] }
        let factor = dag.task("factor") { _ in 10 }
        let pairs = dag.map("pair", over: letters.each.zip(numbers.each)) { _, pair in "\(pair.0)\(pair.1)" }
        dag.task("pairs", reading: pairs) { _, pairs in pairs }
        let cells = dag.map("table", over: letters.each.crossed(with: MappedInput(["x", "y"]))) { _, cell in
            cell.0 + cell.1
        }
        dag.task("table_rows", reading: cells) { _, cells in cells }
        let joined = dag.map(
            "join", over: letters.each.map { $0.uppercased() }.followed(by: MappedInput(["z"]))
        ) {
            _, text in text
        }
        dag.task("both", reading: joined) { _, texts in texts }
        let scaled = dag.map("with_factor", over: numbers, reading: factor, named: { "number \($0)" }) {
            _, number, factor in number * factor
        }
        dag.task("scaled", reading: scaled) { _, numbers in numbers }
    }
}

private struct PerCoin: DAG {
    var configuration: DAGConfiguration
    var symbols: [String]?

    init(symbols: [String]?, limit: Int = 1024) {
        configuration = DAGConfiguration("per_coin", maxMapLength: limit)
        self.symbols = symbols
    }

    func build(_ dag: inout DAGBuilder) {
        let symbols = symbols
        let list = dag.task("list") { _ in
            guard let symbols else { throw TaskFailure.noRetry("no list", remedy: "give one") }
            return symbols
        }
        let reports = dag.mapGroup("coin", over: list) { dag, symbol in
            let price = dag.task("price", reading: symbol) { _, symbol in
                if symbol == "bad" { throw TaskFailure.noRetry("unknown coin", remedy: "leave it out") }
                return symbol.count
            }
            let report = dag.task("report", reading: symbol, price) { _, symbol, price in
                "\(symbol) costs \(price)"
            }
            return dag.gathered(report)
        }
        dag.task("publish", reading: reports.ifSuccessful, options: TaskOptions(triggerRule: .allDone)) {
            _, reports in
            reports ?? []
        }
    }
}

private struct Leaking: DAG {
    var configuration = DAGConfiguration("leaking")

    func build(_ dag: inout DAGBuilder) {
        let list = dag.task("list", fileID: "Leak.swift", line: 5) { _ in [1] }
        let inner = dag.mapGroup("g", over: list, fileID: "Leak.swift", line: 6) { dag, item in
            dag.task("a", reading: item, fileID: "Leak.swift", line: 7) { _, item in item }
        }
        dag.task("after", reading: inner, fileID: "Leak.swift", line: 9) { _, _ in }
    }
}
