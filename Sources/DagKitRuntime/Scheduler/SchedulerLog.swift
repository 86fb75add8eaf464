public import DagKitCore

/// Takes the lines that a scheduler writes about itself.
public struct SchedulerLog: Sendable {
    let write: @Sendable (TaskLogger.Level, String) -> Void

    /// - Parameter write: Takes a level and a line.
    public init(_ write: @escaping @Sendable (TaskLogger.Level, String) -> Void) { self.write = write }

    func info(_ line: String) { write(.info, line) }
    func warning(_ line: String) { write(.warning, line) }
    func error(_ line: String) { write(.error, line) }
}

/// Is told what a scheduler stored.
///
/// A call returns quickly: what takes long is queued by the observer.
public protocol SchedulerObserver: Sendable {
    /// A run has ended.
    func runFinished(_ run: DAGRun) async
}
