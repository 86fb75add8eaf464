import Glibc
import Synchronization

/// A call to the system that a test can let fail.
///
/// ```swift
/// try FailurePoint.watchWorker.pass("watch", path)
/// ```
/// It is switched by the environment: `DAGKIT_FAILURE=supervisor.watch_worker:3=28` lets the third passing of that point in a
/// process fail with the error number 28. Without the variable a passing costs one look at a flag.
package enum FailurePoint: String, CaseIterable, Sendable {
    /// A message is written to a worker or a scheduler.
    case send = "channel.send"

    /// A descriptor of a worker that was just started is watched.
    case watchWorker = "supervisor.watch_worker"

    private static let plan = FailurePlan.ofProcess

    /// Goes on, unless this is the passing that is to fail.
    package func pass(_ action: String, _ subject: String? = nil) throws(SystemError) {
        guard let code = Self.plan?.code(at: self) else { return }
        throw .failed(action, subject, code: code)
    }
}

/// Which passing of which point fails in this process, and with which error number.
final class FailurePlan: Sendable {
    private let point: String
    private let passing: Int
    private let code: Int32
    private let passed = Mutex(0)

    /// The plan that the environment gives; `nil` without one.
    static var ofProcess: FailurePlan? {
        getenv("DAGKIT_FAILURE").flatMap { FailurePlan(String(cString: $0)) }
    }

    /// Reads `label:n=code`; a text that is not so plans nothing.
    init?(_ text: String) {
        let parts = text.split(whereSeparator: { $0 == ":" || $0 == "=" })
        guard parts.count == 3, let passing = Int(parts[1]), let code = Int32(parts[2]) else { return nil }
        point = String(parts[0])
        self.passing = passing
        self.code = code
    }

    /// The error number of this passing; `nil` if it goes through.
    func code(at point: FailurePoint) -> Int32? {
        guard point.rawValue == self.point else { return nil }
        let number = passed.withLock { passed in
            passed += 1
            return passed
        }
        return number == passing ? code : nil
    }
}
