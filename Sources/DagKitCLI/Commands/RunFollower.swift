import DagKitCore
import DagKitSystem
import FoundationEssentials

/// Shows what happens to a run until it has ended.
struct RunFollower {
    let call: Invocation
    let store: any MetadataStore

    /// Seconds; 0 for no limit.
    let timeout: Int

    /// How long the store is not read where nobody writes to it, and where that cannot be seen.
    private static let (safetyNet, blindInterval): (Duration, Duration) = (.seconds(2), .milliseconds(100))

    /// Follows a run to its end and gives the exit status of its state.
    ///
    /// - Throws: ``CommandError/timedOut(_:remedy:)``; the run goes on.
    func follow(_ run: RunKey) async throws -> ExitCode {
        do {
            return try await Interruption.ending { try await self.watch(run) }
        } catch let code as ExitCode {
            try call.console.note(
                "run \(run.runID) goes on; follow it with: dagctl dags state \(run.dagID) \(run.runID)")
            throw code
        }
    }

    private func watch(_ run: RunKey) async throws -> ExitCode {
        let clock = BootTimeClock()
        let deadline = timeout > 0 ? clock.now.advanced(by: .seconds(timeout)) : nil
        let watch = try? FileWatch(try call.workspace.databasePlace().path)
        var shown = 0
        while true {
            let start = clock.now
            let events = try await store.events(of: run)
            for event in events.dropFirst(shown) { call.tell(event) }
            if events.count != shown || shown == 0 {
                guard let state = try await store.snapshot(of: run)?.run.state else {
                    throw CommandError.noRun(run.runID.rawValue, dag: run.dagID, near: nil)
                }
                if state.isFinished { return state == .success ? .success : .failure }
            }
            shown = events.count
            if let deadline, clock.now >= deadline {
                throw CommandError.timedOut(
                    "run \"\(run.runID)\" has not ended after \(timeout) s",
                    remedy: "wait longer, or see whether a scheduler runs")
            }
            // What is written all the time is read for a fifth of the time.
            try await clock.sleep(for: start.duration(to: clock.now) * 4)
            let latest = clock.now.advanced(by: watch == nil ? Self.blindInterval : Self.safetyNet)
            try await wait(for: watch, until: deadline.map { min($0, latest) } ?? latest)
        }
    }

    /// Waits until somebody writes to the store: its changes have no other signal that reaches any process.
    private func wait(for watch: FileWatch?, until deadline: BootTimeClock.Instant) async throws {
        guard let watch else { return try await BootTimeClock().sleep(until: deadline) }
        _ = try await watch.change(until: deadline)
    }
}
