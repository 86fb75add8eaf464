import Synchronization
import Testing

extension Trait where Self == FaultTrait {
    /// Says which fault a test makes, what must follow, and how the fault is made.
    ///
    /// ```swift
    /// @Test(.fault(.F7, "the attempt fails with signal 9 and is tried again", by: .real))
    /// func `F7 a killed task is tried again`() async throws { … }
    /// ```
    /// The name of the test begins with the number, so that `--filter 'F7 '` finds it.
    static func fault(_ fault: Fault, _ outcome: String, by means: FaultMeans) -> FaultTrait {
        FaultTrait(fault: fault, outcome: outcome, means: means)
    }
}

/// How a test makes its fault.
enum FaultMeans: Sendable, CustomStringConvertible {
    /// The fault itself.
    case real

    /// The fault itself, made in this way.
    case really(String)

    /// What stands in for a fault that needs a machine of its own: `RLIMIT_FSIZE`, a small tmpfs, the injected clock.
    case standIn(String)

    var description: String {
        switch self {
        case .real: "real"
        case .really(let how): "real: \(how)"
        case .standIn(let what): "stand-in: \(what)"
        }
    }
}

/// The row of a test in the list of faults, which the test writes when it has run.
struct FaultTrait: TestTrait, TestScoping {
    let fault: Fault
    let outcome: String
    let means: FaultMeans

    var comments: [Comment] { ["\(fault.rawValue), \(fault.title): \(outcome)"] }

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let failures = Atomic(0)
        let watch: IssueHandlingTrait = .compactMapIssues { issue in
            if issue.isFailure { failures.add(1, ordering: .relaxed) }
            return issue
        }
        do {
            try await watch.provideScope(for: test, testCase: testCase, performing: function)
        } catch {
            try record(test, hasPassed: false)
            throw error
        }
        try record(test, hasPassed: failures.load(ordering: .relaxed) == 0)
    }

    private func record(_ test: Test, hasPassed: Bool) throws {
        // Swift's own form: `name`(argument:).
        let name = test.name.prefix(upTo: test.name.lastIndex(of: "(") ?? test.name.endIndex)
            .replacing("`", with: "")
        try FaultRecord(
            fault: fault.rawValue, test: String(name), outcome: outcome, means: "\(means)",
            hasPassed: hasPassed
        ).append()
    }
}
