import DagKit
public import FoundationEssentials

/// The one fetch of a run: `check_coincap_api`.
///
/// The answer is stored as it came before anything is made of it. A retry finds it there and costs no second
/// call.
struct SnapshotFetch: Sendable {
    let step: PipelineStep

    /// How long after its fetch a stored answer still serves a retry; clearing a run later fetches anew.
    static let reuseSpan: TimeInterval = 3_600

    func run() async throws -> (FetchedSnapshot, PipelineStep.Note?) {
        let context = step.context
        guard context.attempt.runType != .backfill else {
            throw CoinCapError.backfill(runID: context.runID.rawValue).taskFailure
        }
        if let interval = Self.missedInterval(of: context.attempt, now: step.now) {
            // A newer interval is due as well: its run fetches, and this one would pay for the same answer.
            throw TaskSkip("the interval \(interval) is past: a live fetch cannot catch up")
        }
        if let known = try await reusable() {
            let count = try SnapshotContent(known.payload).assets.count
            let fetched = FetchedSnapshot(known, assetCount: count, isReused: true)
            context.logger.info("the answer of try \(context.tryNumber - 1) is stored and reused: \(fetched)")
            return (fetched, .init(records: fetched.assetCount, detail: fetched.detail))
        }
        let fetched = try await classifyingErrors { try await fetch() }
        context.logger.info("\(fetched)")
        return (fetched, .init(records: fetched.assetCount, detail: fetched.detail))
    }

    /// The interval of a scheduled run that begins only after the next interval has ended; `nil` if it is on time.
    ///
    /// Retries and cleared runs are not judged: they fetch and are stamped now.
    static func missedInterval(of attempt: AttemptOrder, now: Date) -> String? {
        guard attempt.runType == .scheduled, attempt.tryNumber == 1, attempt.clearNumber == 0,
            let interval = attempt.dataInterval
        else { return nil }
        let length = interval.end.timeIntervalSince(interval.start)
        guard length > 0, now.timeIntervalSince(interval.end) > length else { return nil }
        return "\(interval.start.isoText) to \(interval.end.isoText)"
    }

    /// Gives errors of the source the class that decides about another try.
    private func classifyingErrors<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let error as CoinCapError {
            throw error.taskFailure
        } catch let error as HTTPError where !error.isTransient {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        } catch let error as any DagKitError where error is ReplayError || error is CoinCapURLError {
            throw TaskFailure.noRetry(error.problem, remedy: error.remedy)
        }
    }

    private func reusable() async throws -> StoredPayload? {
        guard step.context.tryNumber > 1 else { return nil }
        do {
            let stored = try await step.store.payload(of: step.run)
            return stored.flatMap {
                step.now.timeIntervalSince($0.payload.fetchedAt) < Self.reuseSpan ? $0 : nil
            }
        } catch let error as MarketStoreError {
            step.context.logger.warning("the stored answer is fetched again: \(error)")
            return nil
        }
    }

    private func fetch() async throws -> FetchedSnapshot {
        let source = try await step.marketSource()
        let previous = try await step.store.lastHash(of: source.name)
        let request = MarketRequest(wanted: step.settings.wanted, now: step.now, previousHash: previous)
        let payload = try await source.fetch(request)
        // What is no snapshot must fail here, so that a retry does not find it stored.
        let count = try SnapshotContent(payload).assets.count
        let stored = try await step.store.save(payload, for: step.run)
        return FetchedSnapshot(stored, assetCount: count, isReused: false)
    }
}

/// What `check_coincap_api` hands on: where the answer lies and what it is.
public struct FetchedSnapshot: Codable, Hashable, Sendable, CustomStringConvertible {
    /// Where the raw answer lies in the market store.
    public let path: String

    /// The SHA-256 of its bytes.
    public let sha256: String

    /// The source.
    public let source: String

    /// When it was fetched.
    public let fetchedAt: Date

    /// How many assets it holds.
    public let assetCount: Int

    /// Whether an earlier try of the run fetched it.
    public let isReused: Bool

    init(_ stored: StoredPayload, assetCount: Int, isReused: Bool) {
        path = stored.path
        sha256 = stored.hash
        source = stored.payload.source
        fetchedAt = stored.payload.fetchedAt
        self.assetCount = assetCount
        self.isReused = isReused
    }

    public var description: String {
        "\(assetCount) assets of \"\(source)\", fetched at \(fetchedAt.isoText), stored as \(path)"
    }

    var detail: JSONValue {
        ["source": .string(source), "sha256": .string(sha256), "reused": .bool(isReused)]
    }
}

extension CoinCapError {
    /// The failure of a task, with the class and delay of its next try.
    ///
    /// The source has made its own repetitions by then: what may be repeated once, was.
    var taskFailure: any Error {
        switch retry {
        case .never, .once: TaskFailure.noRetry(problem, remedy: remedy)
        // After the delay of the task itself.
        case .backOff: self
        case .slowBackOff: TaskFailure.retry(after: .seconds(30), problem, remedy: remedy)
        case .after(let delay): TaskFailure.retry(after: delay, problem, remedy: remedy)
        }
    }
}
