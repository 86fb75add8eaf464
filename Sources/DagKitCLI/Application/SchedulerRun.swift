import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc

/// A scheduler of this process on a deployment, with its executor, log and door.
struct SchedulerRun: Sendable {
    private let workspace: Workspace
    private let configuration: Configuration
    private let store: any MetadataStore

    private let health: DatabaseHealth

    /// When the pages of the database are looked at.
    private let healthMoment: DatabaseHealth.Moment

    init(_ workspace: Workspace) async throws {
        self.workspace = workspace
        configuration = try workspace.configuration()
        health = try DatabaseHealth(workspace)
        healthMoment = health.moment
        if healthMoment == .beforeStart { try await health.requireSound() }
        store = try await workspace.store()
    }

    /// How a scheduler comes to be the one of its home.
    enum Entry: Sendable {
        /// It refuses if there is one.
        case alone
        /// It waits for the end of the one that there is.
        case standby
        /// It takes the place of the one that there is, and the attempts of that one go on.
        case handOver
    }

    /// Runs what is due until a signal asks for the end; a second signal ends at once.
    ///
    /// - Parameter endsWhenIdle: Whether to end once nothing runs and nothing is due.
    /// - Returns: How the process should end.
    func run(endsWhenIdle: Bool, entry: Entry = .alone) async throws -> ExitCode {
        // Without it nothing would ever wake this process.
        try Reactor.shared.prepare()
        try workspace.exportToChildren()
        let service = ServiceManager(environment: workspace.system.environment)
        service.hideFromChildren()
        try workspace.system.adoptOrphans()
        let door = try await door(entry, service)
        let log = SchedulerLogFile(
            folder: try workspace.logs + "/scheduler", console: workspace.console,
            level: try workspace.logLevel(), now: workspace.system.now)
        if healthMoment == .never {
            log.write(
                .info,
                "the database is too large to be checked at each start: run dagctl db check now and then")
        }
        for problem in try workspace.dags().problems { log.write(.error, problem.description) }
        // This process has the home's lock: no other scheduler of the home lives.
        _ = try await SchedulerJobs(in: store, host: workspace.system.hostName()) { row in
            log.write(.warning, "a row is left out: \(row)")
        }.settle(at: workspace.now, holder: { nil })
        let signals = try SchedulerSignals()
        var settings = try schedulerConfiguration(endsWhenIdle: endsWhenIdle)
        settings.courier = courier(log.schedulerLog)
        settings.loss = {
            // It is asked for again at the next look, should it fail.
            if (try? door.keepSocket()) == true {
                log.write(.warning, "the scheduler's socket was removed, and is made again")
            }
            return door.loss
        }
        service.watch(&settings)
        let executable = ExecutableHash(home: workspace.home.path)
        var deployment = try workspace.deployment()
        deployment.executableHash = executable.known
        let isNamed = deployment.executableHash != nil
        let scheduler = Scheduler(
            store: store, executor: try await executor(log.schedulerLog), deployment: deployment,
            configuration: settings, log: log.schedulerLog)
        try await withThrowingTaskGroup(of: Void.self) { group in
            if healthMoment == .besideWork {
                group.addTask { try await watchHealth(scheduler) }
            }
            group.addTask { await serve(door, scheduler, service, log) }
            if !isNamed { group.addTask { await name(executable, scheduler, log) } }
            group.addTask {
                try await signals.obey(scheduler) {
                    service.reloading { reload(scheduler, log) }
                } ending: { isHandOver in
                    service.stopping(isHandOver ? "handing over" : "stopping")
                }
            }
            // The scheduler ends last: attempts get their grace while the others wait for signals and visitors.
            try await scheduler.run()
            group.cancelAll()
            try await group.waitForAll()
        }
        return signals.forcedCode ?? .success
    }

    /// Reads the pages of the database beside all else, and ends the scheduler if they are damaged.
    private func watchHealth(_ scheduler: Scheduler) async throws {
        do {
            try await health.requireSound()
        } catch let error as CommandError {
            scheduler.handOver()
            throw error
        } catch {
            // Locked or out of reach: the scheduler meets that itself.
        }
    }

    private func door(_ entry: Entry, _ service: ServiceManager) async throws -> SchedulerDoor {
        let home = workspace.home.path
        let now = workspace.system.now
        switch entry {
        case .alone: return try SchedulerDoor(home: home, now: now())
        case .handOver:
            SchedulerSignals.ignoreUntilInCharge()
            let (door, others) = try await SchedulerDoor.takeOver(home: home, now: now)
            service.takeOver(others)
            return door
        case .standby:
            SchedulerSignals.ignoreUntilInCharge()
            if SchedulerDoor.isOccupied(home: home) {
                let holder = SchedulerDoor.occupant(of: home) ?? "another process"
                try workspace.console.note("standing by: a scheduler works on this home: \(holder)")
                service.ready("standing by")
            }
            return try await SchedulerDoor.whenFree(home: home, now: now)
        }
    }

    private func serve(
        _ door: SchedulerDoor, _ scheduler: Scheduler, _ service: ServiceManager, _ log: SchedulerLogFile
    ) async {
        await door.serve(service: service.entries) { visit in
            switch visit {
            case .knock: scheduler.poke()
            case .takeover(let process):
                log.write(.info, "process \(process) takes over")
                service.handOver(to: process)
                scheduler.handOver()
            }
        }
    }

    /// Carries one run to its end in the place of a scheduler.
    ///
    /// - Throws: An error that names the scheduler which works on this home already.
    func runAlone(_ run: RunKey, of spec: DAGSpec, tell: @escaping @Sendable (RunEvent) -> Void) async throws
        -> DAGRun
    {
        try workspace.exportToChildren()
        let door = try SchedulerDoor(home: workspace.home.path, now: workspace.now)
        defer { withExtendedLifetime(door) {} }
        guard let snapshot = try await store.snapshot(of: run) else {
            throw CommandError.noRun(run.runID.rawValue, dag: run.dagID, near: nil)
        }
        let log = SchedulerLog { level, text, _ in
            if level >= .warning { try? workspace.console.note("\(level.rawValue.lowercased()): \(text)") }
        }
        let alone = LocalRun(
            store: store, executor: try await executor(log), spec: spec,
            settings: try workspace.settingsOfDAGs()[spec.id] ?? [:],
            durability: try durability,
            now: workspace.system.now, tell: tell)
        let end = try await alone.run(snapshot)
        let delivery = NoticeDelivery(store: store, courier: courier(log), log: log)
        delivery.finish()
        await delivery.run()
        return end
    }

    /// Who calls the notifiers of callbacks: worker processes, as for tasks, or this one where tasks run here, too.
    private func courier(_ log: SchedulerLog) -> any NoticeCourier {
        let workspace = workspace
        let settings: @Sendable (DAGID) -> [String: String] = { id in
            (try? workspace.settingsOfDAGs())?[id] ?? [:]
        }
        guard configuration.value("core", "executor") == "SequentialExecutor" else {
            return WorkerCourier(settings: settings, log: log)
        }
        return InProcessCourier(workspace.tool.taskLibrary, settings: settings, log: log) { _ in
            try await workspace.services()
        }
    }

    /// Works out which executable this is: it reads the whole program file, and the first tasks do not wait for that.
    ///
    /// Where the system has no room to open the file, it tries again: a scheduler that cannot work for the same want
    /// says so itself.
    private func name(
        _ executable: ExecutableHash, _ scheduler: Scheduler, _ log: SchedulerLogFile
    ) async {
        while !Task.isCancelled {
            do {
                return scheduler.nameExecutable(try await Blocking.run { try executable.read() })
            } catch let error as SystemError where error.isShortage {
                guard (try? await BootTimeClock().sleep(for: .seconds(5))) != nil else { return }
            } catch {
                return log.write(.warning, "cannot tell which executable this is: \(error)")
            }
        }
    }

    /// Reads dags.json again and keeps the last good version of what is broken now.
    private func reload(_ scheduler: Scheduler, _ log: SchedulerLogFile) {
        do {
            let deployment = try workspace.reloadedDeployment()
            scheduler.replace(with: deployment)
            for error in deployment.importErrors.sorted(by: { $0.key < $1.key }).flatMap(\.value) {
                for line in error.text.split(separator: "\n") { log.write(.error, String(line)) }
            }
            log.write(.info, "dags read again: \(deployment.specs.count)")
        } catch {
            log.write(.error, "cannot read the dags again: \(error)")
        }
    }

    private func executor(_ log: SchedulerLog) async throws -> any Executor {
        try await SequentialLeftovers.end(home: workspace.home.path, log: log)
        if try configuration.setting("core", "executor")?.value == "SequentialExecutor" {
            try SequentialLeftovers.mark(home: workspace.home.path)
            let logs = try workspace.logs
            let mask = workspace.mask
            let now = workspace.system.now
            let library = workspace.tool.taskLibrary
            // What an order asks for is looked up then: the DAGs may be read again meanwhile.
            return InProcessExecutor(capacity: 1, services: try await workspace.services()) { order in
                AttemptLogFile(folder: logs, order: order, mask: mask, now: now).logger
            } findWork: { order in
                try library.work(for: order)
            }
        }
        return LocalExecutor(
            home: workspace.home.path, logs: try workspace.logs,
            capacity: try configuration.integer("core", "parallelism") ?? 32,
            logLimit: try configuration.integer("logging", "max_log_bytes"), log: log)
    }

    private var durability: Durability {
        get throws { try configuration.setting("database", "durability")?.value == "full" ? .full : .process }
    }

    private func schedulerConfiguration(endsWhenIdle: Bool) throws -> Scheduler.Configuration {
        let now = workspace.now
        var made = Scheduler.Configuration(
            job: JobRecord(
                type: SchedulerJobs.type, state: "running", hostname: workspace.system.hostName(),
                user: workspace.actor,
                processID: Int(getpid()),
                executor: configuration.value("core", "executor") ?? "LocalExecutor",
                start: now, heartbeat: now))
        made.parallelism = try configuration.integer("core", "parallelism") ?? made.parallelism
        made.pollInterval = try configuration.duration("scheduler", "poll_interval") ?? made.pollInterval
        made.stopGrace = try configuration.duration("scheduler", "stop_grace") ?? made.stopGrace
        made.durability = try durability
        made.endsWhenIdle = endsWhenIdle
        made.rest = CurrentProcess.giveBackMemory
        return made
    }
}
