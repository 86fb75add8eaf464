import Glibc
import Synchronization

/// A call to the system that a test can let fail.
///
/// ```swift
/// try FailurePoint.watchWorker.pass("watch", path)
/// ```
/// It is switched by the environment: `DAGKIT_FAILURE=supervisor.watch_worker:3=28` lets the third passing of that point in a
/// process fail with the error number 28; commas part several of them. Without the variable a passing costs one look at a flag.
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

/// Which passings of which points fail in this process, and with which error numbers.
final class FailurePlan: Sendable {
    private struct Passing: Hashable {
        let point: String
        let number: Int
    }

    private let codes: [Passing: Int32]
    private let passed = Mutex<[String: Int]>([:])

    /// The plan that the environment gives; `nil` without one.
    static var ofProcess: FailurePlan? {
        getenv("DAGKIT_FAILURE").flatMap { FailurePlan(String(cString: $0)) }
    }

    /// Reads `label:n=code,…`; a text that is not so plans nothing.
    init?(_ text: String) {
        var codes: [Passing: Int32] = [:]
        for entry in text.split(separator: ",") {
            let parts = entry.split(whereSeparator: { $0 == ":" || $0 == "=" })
            guard parts.count == 3, let number = Int(parts[1]), let code = Int32(parts[2]) else { return nil }
            codes[Passing(point: String(parts[0]), number: number)] = code
        }
        self.codes = codes
    }

    /// The error number of this passing; `nil` if it goes through.
    func code(at point: FailurePoint) -> Int32? {
        let number = passed.withLock { passed in
            passed[point.rawValue, default: 0] += 1
            return passed[point.rawValue]
        }
        return number.flatMap { codes[Passing(point: point.rawValue, number: $0)] }
    }
}
