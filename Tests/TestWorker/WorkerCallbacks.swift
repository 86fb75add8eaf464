import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// What the tests of the courier let worker processes call back.
enum WorkerCallbacks {
    static let all: [RunCallback] = [
        .on(.success, name: "hello") { notice, context in
            print("printed")
            context.logger.warning("told: \(notice.title) \(context.params["file"]?.string ?? "")")
        },
        .on(.success, name: "process") { _, _ in throw TaskFailure.noRetry("\(getpid())", remedy: "none") },
        .on(.success, name: "kill") { _, _ in kill(getpid(), SIGKILL) },
        .on(.success, name: "stubborn", timeout: .milliseconds(1)) { _, _ in
            try await Blocking.run { while true { sleep(600) } }
        },
        .on(.success, name: "secret") { _, context in
            let password = try await context.connection("smtp_default").password ?? ""
            print(password)
            context.logger.info("the password is \(password)")
            throw TaskFailure.retry(after: .seconds(7), "log-in with \(password) failed", remedy: "look")
        },
    ]
}
