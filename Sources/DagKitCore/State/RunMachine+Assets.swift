import FoundationEssentials

extension RunMachine {
    /// Settles an instance as done, and updates the outlets of its task with it.
    ///
    /// What somebody marks a success updates nothing: nobody knows whether the data is there.
    mutating func succeed(
        _ reference: InstanceRef, at end: Date, tryNumber: Int? = nil, facts: [String: JSONValue] = [:],
        extras: [String: JSONValue] = [:]
    ) {
        let outlets = spec.tasks[reference.task].outlets
        guard !outlets.isEmpty else {
            return change(reference, .succeeded, at: end, tryNumber: tryNumber, detail: facts)
        }
        let updates = outlets.map { asset in
            AssetUpdate(asset, at: end, extra: extras[asset.uri] ?? [:], source: self[reference].key)
        }
        var detail = facts
        detail["asset_updates"] = .array(
            updates.map { ["uri": .string($0.asset.uri), "extra": $0.extra] })
        change(reference, .succeeded, at: end, tryNumber: tryNumber, detail: detail)
        pending.assetUpdates += updates
    }
}

extension AssetConsumption {
    /// The updates as the event of the run's creation tells them.
    var json: JSONValue {
        ["uris": .array(uris.map(JSONValue.string)), "after": .integer(after), "through": .integer(through)]
    }
}
