extension TaskContext {
    /// Says what the update of an outlet tells besides, once the task succeeds; the last word counts.
    ///
    /// ```swift
    /// try context.setExtra(["rows": 12], of: prices)
    /// ```
    ///
    /// - Throws: ``AssetUseError/noOutlet(uri:task:near:)`` for an asset that is no outlet of the task; ``AssetError`` for
    ///   an extra that is no object or too large.
    public func setExtra(_ extra: JSONValue, of asset: Asset) throws {
        guard attempt.outlets.contains(asset.uri) else {
            throw AssetUseError.noOutlet(
                uri: asset.uri, task: taskID, near: NearMiss.nearest(to: asset.uri, among: attempt.outlets))
        }
        try AssetError.check(extra: extra, of: asset.uri)
        outbox.setExtra(extra, of: asset.uri)
    }

    /// The updates that made this run, oldest first; none for a run that something else made.
    public func triggeringAssetEvents() async throws -> [AssetEvent] {
        guard attempt.runType == .assetTriggered else { return [] }
        return try await services.metadata.assetEvents(
            AssetEventQuery(consumer: attempt.key.run, limit: .max)
        ).reversed()
    }

    /// The newest updates of an asset, newest first.
    public func events(of asset: Asset, limit: Int = 1) async throws -> [AssetEvent] {
        try await services.metadata.assetEvents(AssetEventQuery(uri: asset.uri, limit: limit))
    }
}

/// Why a task cannot do what it wants with an asset.
public enum AssetUseError: DagKitError, Equatable {
    case noOutlet(uri: String, task: TaskID, near: String?)

    public var problem: String {
        switch self {
        case .noOutlet(let uri, let task, _): "asset \"\(uri)\" is no outlet of task \"\(task)\""
        }
    }

    public var remedy: String {
        switch self {
        case .noOutlet(_, _, let near):
            near.map { "did you mean \"\($0)\"?" } ?? "declare it: TaskOptions(outlets: [asset])"
        }
    }
}
