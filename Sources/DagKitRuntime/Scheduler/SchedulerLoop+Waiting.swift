import DagKitCore

extension SchedulerLoop {
    /// Tells the planner how it stands with what instances wait for, as the store has it: what others wrote and what was
    /// committed a moment ago are the same there.
    mutating func answer(_ looks: [Planner.Look]) async throws {
        let metadata = StoreTaskMetadata(store)
        // Who waits for the same is told the same.
        var known: [Awaited: ExternalWait.Verdict?] = [:]
        var unreadable: Set<Awaited> = []
        for look in looks {
            if known[look.awaited] == nil {
                let verdict = try await unlessLasting("cannot read what tasks wait for") {
                    try await look.awaited.verdict(asking: metadata)
                }
                if case .failure(let error) = verdict {
                    tell(of: error.cause)
                    unreadable.insert(look.awaited)
                }
                known[look.awaited] = .some((try? verdict.get()) ?? nil)
            }
            if unreadable.contains(look.awaited) { unanswered.append(look) }
            let now = moment()
            planner.take(known[look.awaited] ?? nil, for: look, at: now)
        }
    }

    /// Lets those look again who wait for an asset if one was updated by somebody else since they were last told.
    mutating func readAssetUpdatesOfOthers() async throws {
        guard planner.awaitsAssets else { return }
        let newest = try await store.assetEvents(AssetEventQuery(limit: 1)).first?.number ?? 0
        guard newest != newestAssetEvent else { return }
        newestAssetEvent = newest
        planner.tellAssetWaiters()
    }

    /// Says which runs are left open by a scheduler that ends since nothing is left to do.
    func tellOfHeldRuns() {
        let held = planner.heldRuns
        guard let first = held.first else { return }
        let reason = first.reason.map { ": \($0)" } ?? ""
        log.info("left open: \(first.key)\(reason)\(held.count > 1 ? "; and \(held.count - 1) more" : "")")
    }
}
