public import DagKitCore

/// What every ``MetadataStore`` must do, as a list of checks.
///
/// The checks know nothing of a test library: a check gives its findings as values, and a test makes failures
/// of them. Each check wants a store of its own that is empty.
///
/// ```swift
/// @Test(arguments: StoreConformance.checks)
/// func `the store keeps the contract`(check: StoreConformance.Check) async throws {
///     #expect(await check.findings(of: try await makeStore()) == [])
/// }
/// ```
public enum StoreConformance {
    /// All checks, by theme.
    public static var checks: [Check] {
        commitChecks + detailChecks + queryChecks + pastChecks + backfillChecks + foldChecks + dagChecks
            + settingChecks + noticeChecks + assetChecks
    }

    /// One thing that a store must do.
    public struct Check: Sendable, CustomStringConvertible {
        /// The behaviour, as a sentence.
        public let name: String
        private let body: @Sendable (any MetadataStore, inout Findings) async throws -> Void

        init(
            _ name: String,
            _ body: @escaping @Sendable (any MetadataStore, inout Findings) async throws -> Void
        ) {
            self.name = name
            self.body = body
        }

        /// What an empty store does wrong, one line each; empty if it passes.
        public func findings(of store: any MetadataStore) async -> [String] {
            var findings = Findings()
            do {
                try await body(store, &findings)
            } catch {
                findings.add("it threw: \(error)")
            }
            return findings.all.map { "\(name): \($0)" }
        }

        public var description: String { name }
    }

    /// Collects what a check finds.
    struct Findings {
        private(set) var all: [String] = []

        mutating func add(_ finding: String) { all.append(finding) }

        mutating func expect(_ condition: Bool, _ expectation: String) {
            if !condition { add("expected \(expectation)") }
        }

        mutating func equal<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) {
            if found != expected { add("\(what) is \(found), expected \(expected)") }
        }
    }
}
