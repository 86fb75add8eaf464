import DagKitCore
import DagKitRuntime
import FoundationEssentials

/// Carries one recorded run to its end in the place of a scheduler, and starts nothing else.
///
/// It keeps to the scheduler's order: what was decided is stored before an attempt starts.
struct LocalRun {
    let store: any MetadataStore
    let executor: any Executor
    let spec: DAGSpec
    let settings: [String: String]
    let durability: Durability
    let now: @Sendable () -> Date

    /// Is given every event in order.
    let tell: @Sendable (RunEvent) -> Void

    private enum Message: Sendable {
        case executor(ExecutorEvent)
        case tick
        /// The executor has stopped, and has told of every outcome.
        case ended
    }

    /// What is known of the run between two messages.
    struct Progress {
        var machine: RunMachine
        var waiting: [InstanceRef] = []
        var running: [AttemptID: InstanceRef] = [:]
        var pools: [String: Int] = [:]

        /// What the run before says of tasks that may not start.
        var obstacles: [Int: PastObstacle] = [:]

        /// Whether nothing happens any more until somebody changes the run before.
        var isAtRest: Bool {
            running.isEmpty && waiting.isEmpty
                && machine.instances.allSatisfy { instance in
                    instance.isFinished || instance.state == nil
                        || machine.reference(to: instance.key).map { obstacles[$0.task] != nil } ?? false
                }
        }
    }

    /// Runs the run to its end, and gives it as it is then.
    ///
    /// - Throws: ``CommandError/conflict(_:remedy:)`` if attempts of an earlier scheduler still run, or somebody else
    ///   changed the run meanwhile.
    func run(_ snapshot: RunSnapshot) async throws -> DAGRun {
        let mailbox = Mailbox<Message>()
        let events = try await executor.start()
        let pump = Task { for await event in events { mailbox.post(.executor(event)) } }
        defer { pump.cancel() }
        var progress = Progress(machine: RunMachine(snapshot, of: spec, at: now()))
        for pool in try await store.pools() { progress.pools[pool.name] = pool.slots }
        do {
            try await settle(.start, &progress)
            while !progress.machine.run.state.isFinished {
                try Task.checkCancellation()
                try await dispatch(&progress)
                if progress.machine.run.state.isFinished { break }
                try refuseRest(progress)
                let alarm = alarm(at: nextLook(progress.machine), mailbox)
                defer { alarm.cancel() }
                for message in await withTaskCancellationHandler(
                    operation: { await mailbox.takeAll() }, onCancel: { mailbox.post(.tick) })
                {
                    try await take(message, &progress)
                }
            }
        } catch {
            await end(progress, mailbox, pump)
            throw error
        }
        await executor.stop(grace: .zero)
        return progress.machine.run
    }

    /// Ends what still runs and stores how it ended, in a task of its own: the one that runs the run may be cancelled.
    private func end(_ progress: Progress, _ mailbox: Mailbox<Message>, _ pump: Task<Void, Never>) async {
        await Task {
            var progress = progress
            let stopping = Task {
                await executor.stop(grace: .seconds(1))
                await pump.value
                mailbox.post(.ended)
            }
            var hasEnded = false
            while !hasEnded {
                for message in await mailbox.takeAll() {
                    if case .ended = message { hasEnded = true }
                    // What cannot be stored now is kept by the executor, and the next scheduler takes it over.
                    try? await take(message, &progress)
                }
            }
            await stopping.value
        }.value
    }

    private func take(_ message: Message, _ progress: inout Progress) async throws {
        switch message {
        case .tick:
            try await settle(.tick, &progress)
            try await look(&progress)
        case .executor(.adopted(let alive)):
            guard alive.isEmpty else {
                throw CommandError.conflict(
                    "\(alive.count) attempts of an earlier scheduler still run in this home",
                    remedy: "start the scheduler, which takes them over")
            }
        case .executor(.adoptedInPart):
            throw CommandError.conflict(
                "a supervisor of an earlier scheduler does not answer",
                remedy: "start the scheduler, which waits for it")
        case .ended: break
        case .executor(.finished(let outcome)):
            guard progress.running.removeValue(forKey: outcome.attemptID) != nil else { return }
            try await settle(.finished(outcome), &progress)
            await executor.acknowledge([outcome.attemptID])
        }
    }

    /// Lets the machine decide, and stores what it decided.
    func settle(_ event: RunMachine.Event, _ progress: inout Progress) async throws {
        let step = progress.machine.advance(event, at: now())
        progress.waiting += step.ready
        if let batch = progress.machine.takeBatch() {
            guard try await store.commit([batch], durability: durability).conflicts.isEmpty else {
                throw CommandError.conflict(
                    "run \"\(progress.machine.run.runID)\" was changed by somebody else meanwhile",
                    remedy: "see it with: dagctl dags list-runs \(spec.id)")
            }
        }
        for event in step.events { tell(event) }
        for kill in step.kills { await executor.kill(kill.attempt, reason: kill.reason) }
        if !step.questions.isEmpty { try await answer(step.questions, &progress) }
    }

    /// Starts what waits, the heaviest first, as far as slots and pools go.
    private func dispatch(_ progress: inout Progress) async throws {
        try await deferWaits(&progress)
        var chosen: [InstanceRef] = []
        let machine = progress.machine
        progress.waiting.sort { (-machine[$0].priorityWeight, $0) < (-machine[$1].priorityWeight, $1) }
        var occupied = progress.running.values.reduce(into: [String: Int]()) { counts, reference in
            counts[machine[reference].pool, default: 0] += machine[reference].poolSlots
        }
        progress.waiting.removeAll { reference in
            let instance = machine[reference]
            let slots = progress.pools[instance.pool] ?? 0
            let task = spec.tasks[reference.task]
            let sisters = (Array(progress.running.values) + chosen).count { $0.task == reference.task }
            let isFree =
                occupied[instance.pool, default: 0] + instance.poolSlots <= slots
                && sisters < min(task.maxActiveInstances ?? .max, task.maxActiveInstancesPerRun ?? .max)
            guard isFree, progress.running.count + chosen.count < executor.capacity else { return false }
            occupied[instance.pool, default: 0] += instance.poolSlots
            chosen.append(reference)
            return true
        }
        guard !chosen.isEmpty else {
            if progress.running.isEmpty, let stuck = progress.waiting.first {
                throw noPlace(for: machine[stuck])
            }
            return
        }
        let first = try await store.reserveAttempts(chosen.count).lowerBound
        let attempts = chosen.enumerated().map { ($1, AttemptID(rawValue: first + Int64($0))) }
        for (reference, attempt) in attempts { progress.running[attempt] = reference }
        try await settle(.dispatched(attempts), &progress)
        let decided = progress.machine
        await executor.dispatch(
            attempts.map { reference, attempt in
                AttemptOrder(
                    attemptID: attempt, instance: decided[reference], run: decided.run,
                    task: spec.tasks[reference.task],
                    params: spec.configuration.params.merging(decided.run.conf), settings: settings)
            })
    }

    private func noPlace(for instance: TaskInstance) -> CommandError {
        .conflict(
            "task \"\(instance.taskID)\" needs \(instance.poolSlots) slots of pool \"\(instance.pool)\", which has fewer",
            remedy: "give the pool more slots")
    }

    private func alarm(at deadline: Date?, _ mailbox: Mailbox<Message>) -> Task<Void, Never> {
        let now = now
        return Task {
            guard let deadline else { return }
            let wait = max(0, deadline.timeIntervalSince(now()))
            guard (try? await Task.sleep(for: .seconds(wait))) != nil else { return }
            mailbox.post(.tick)
        }
    }
}
