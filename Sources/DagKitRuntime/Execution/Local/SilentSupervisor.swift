import DagKitCore
import DagKitSystem
import Glibc

/// A supervisor that lives and does not answer: what it runs must not run twice, and nobody else knows what that is.
struct SilentSupervisor: Sendable {
    /// What is known of its silence.
    enum State: Sendable {
        case stopped
        case unresponsive
        /// Its socket's file is gone, or nobody can connect there.
        case unreachable
        /// It ends each connection, for this reason as far as it can be told.
        case refusing(String)
    }

    let process: ProcessIdentity
    let state: State

    /// Where it listens, or should.
    let path: String

    /// The question that it has not answered; `nil` if it cannot be asked.
    let call: SupervisorLink.Call?

    /// What those who look after the home are told.
    var description: String {
        let end = "end it and its attempts with kill -9 \(process.id)"
        let wait = "its attempts wait for it, all else goes on"
        return switch state {
        case .stopped:
            "supervisor \(process.id) is stopped: \(wait); let it go on with kill -CONT \(process.id), or \(end)"
        case .unresponsive: "supervisor \(process.id) does not answer: \(wait); \(end)"
        case .unreachable: "supervisor \(process.id) cannot be reached at \(path): \(wait); \(end)"
        case .refusing(let reason):
            "supervisor \(process.id) ends each connection (\(reason)): its attempts go on, and their outcomes "
                + "are taken once it has ended; all else goes on; \(end)"
        }
    }

    /// Waits for its answer.
    ///
    /// - Returns: `nil` if it does not come: it is dead, or refuses, or the task was cancelled.
    func answer(to identity: String) async -> SupervisorLink? {
        if let call { return try? await call.answer() }
        let clock = BootTimeClock()
        while (try? await process.waitForEnd(until: clock.now.advanced(by: .seconds(1)))) == false {
            let link = try? await SupervisorLink.connect(
                path, identity: identity, until: clock.now.advanced(by: .seconds(5)))
            if let link, link.process == process { return link }
        }
        return nil
    }
}
