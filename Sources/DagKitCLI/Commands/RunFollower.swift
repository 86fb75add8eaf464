import DagKitCore
import DagKitSystem
import FoundationEssentials

/// Shows what happens to a run until it has ended.
struct RunFollower {
    let call: Invocation
    let store: any MetadataStore

    /// Seconds; 0 for no limit.
    let timeout: Int

    /// How often the store is read: its changes have no signal that reaches another process.
    private static let interval: Duration = .milliseconds(100)

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
        var shown = 0
        while true {
            let events = try await store.events(of: run)
            for event in events.dropFirst(shown) { call.tell(event) }
            shown = events.count
            guard let state = try await store.snapshot(of: run)?.run.state else {
                throw CommandError.noRun(run.runID.rawValue, dag: run.dagID, near: nil)
            }
            if state.isFinished { return state == .success ? .success : .failure }
            if let deadline, clock.now >= deadline {
                throw CommandError.timedOut(
                    "run \"\(run.runID)\" has not ended after \(timeout) s",
                    remedy: "wait longer, or see whether a scheduler runs")
            }
            try await clock.sleep(for: Self.interval)
        }
    }
}
