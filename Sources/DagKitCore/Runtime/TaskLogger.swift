/// Writes lines to an attempt's log.
public struct TaskLogger: Sendable {
    /// How much a line matters.
    public enum Level: String, Codable, Comparable, CaseIterable, Sendable {
        case debug = "DEBUG"
        case info = "INFO"
        case warning = "WARNING"
        case error = "ERROR"

        public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

        private var rank: Int { Self.allCases.firstIndex(of: self)! }  // every case stands in allCases
    }

    /// Takes a line: its level, its text and the file and line that wrote it.
    public typealias Sink = @Sendable (Level, String, SourceLocation) -> Void

    private let sink: Sink

    public init(sink: @escaping Sink) { self.sink = sink }

    /// The logger without the lines below a level.
    package func from(_ level: Level) -> TaskLogger {
        let sink = sink
        return TaskLogger { own, text, place in if own >= level { sink(own, text, place) } }
    }

    public func debug(_ text: @autoclosure () -> String, fileID: String = #fileID, line: Int = #line) {
        sink(.debug, text(), SourceLocation(file: fileID, line: line))
    }

    public func info(_ text: String, fileID: String = #fileID, line: Int = #line) {
        sink(.info, text, SourceLocation(file: fileID, line: line))
    }

    public func warning(_ text: String, fileID: String = #fileID, line: Int = #line) {
        sink(.warning, text, SourceLocation(file: fileID, line: line))
    }

    public func error(_ text: String, fileID: String = #fileID, line: Int = #line) {
        sink(.error, text, SourceLocation(file: fileID, line: line))
    }
}
