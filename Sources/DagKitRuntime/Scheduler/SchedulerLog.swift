public import DagKitCore

/// Takes the lines that a scheduler writes about itself.
public struct SchedulerLog: Sendable {
    let write: @Sendable (TaskLogger.Level, String, SourceLocation) -> Void

    /// - Parameter write: Takes a level, a line, and where in the program it was written.
    public init(_ write: @escaping @Sendable (TaskLogger.Level, String, SourceLocation) -> Void) {
        self.write = write
    }

    /// Drops every line.
    public static let none = SchedulerLog { _, _, _ in }

    func info(_ text: String, fileID: String = #fileID, line: Int = #line) {
        write(.info, text, SourceLocation(file: fileID, line: line))
    }

    func warning(_ text: String, fileID: String = #fileID, line: Int = #line) {
        write(.warning, text, SourceLocation(file: fileID, line: line))
    }

    func error(_ text: String, fileID: String = #fileID, line: Int = #line) {
        write(.error, text, SourceLocation(file: fileID, line: line))
    }
}

/// Is told what a scheduler stored.
///
/// A call returns quickly: what takes long is queued by the observer.
public protocol SchedulerObserver: Sendable {
    /// A run has ended.
    func runFinished(_ run: DAGRun) async
}
