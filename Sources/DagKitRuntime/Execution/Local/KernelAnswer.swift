import DagKitSystem

/// The answer to a question on which lives depend.
enum KernelAnswer {
    /// Asks until the system answers, and says once that it does not.
    ///
    /// - Throws: `CancellationError`, and a ``SystemError`` that does not pass by itself.
    static func to<Value>(
        _ question: String, log: SchedulerLog, _ ask: () throws -> Value
    ) async throws -> Value {
        var hasComplained = false
        while true {
            do {
                return try ask()
            } catch let error as SystemError where error.isLasting {
                throw error
            } catch {
                if !hasComplained {
                    log.error("cannot say \(question), and waits until the system does: \(error)")
                }
                hasComplained = true
                try await BootTimeClock().sleep(for: .milliseconds(200))
            }
        }
    }
}
