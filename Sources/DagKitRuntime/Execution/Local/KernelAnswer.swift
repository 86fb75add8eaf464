import DagKitSystem

/// The answer to a question on which lives depend.
enum KernelAnswer {
    /// Asks until the system answers, and says once that it does not.
    static func to<Value>(
        _ question: String, log: SchedulerLog, _ ask: () throws -> Value
    ) async -> Value {
        var hasComplained = false
        while true {
            do {
                return try ask()
            } catch {
                if !hasComplained {
                    log.error("cannot say \(question), and waits until the system does: \(error)")
                }
                hasComplained = true
                try? await BootTimeClock().sleep(for: .milliseconds(200))
            }
        }
    }
}
