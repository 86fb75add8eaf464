public import DagKitCore

/// Tells by a line in the scheduler's log.
public struct LogNotifier: Notifier {
    public static let notifierName = "log"

    private let text: String?
    private let level: TaskLogger.Level

    /// - Parameter text: A template in which `notice` is the notice; what happened if `nil`.
    public init(_ text: String? = nil, level: TaskLogger.Level = .info) {
        self.text = text
        self.level = level
    }

    public func notify(_ notice: Notice, in context: TaskContext) async throws {
        let line: String
        if let text {
            line = try await context.render(text)
        } else {
            line = notice.title + (notice.reason.map { ": \($0)" } ?? "")
        }
        switch level {
        case .debug: context.logger.debug(line)
        case .info: context.logger.info(line)
        case .warning: context.logger.warning(line)
        case .error: context.logger.error(line)
        }
    }
}

extension LogNotifier {
    /// Creates the notifier that a document declares: a text, or an object with `text` and `level`.
    ///
    /// - Throws: ``DeclarationError``.
    public init(declaration words: JSONValue) throws {
        let reader = NotifierWords(words, of: Self.notifierName, keys: ["text", "level"], main: "text")
        let name = try reader.text("level") ?? "info"
        guard let level = TaskLogger.Level(rawValue: name.uppercased()) else {
            throw DeclarationError.wrongKind(
                key: "level", found: "\"\(name)\"", expected: "debug, info, warning or error")
        }
        self.init(try reader.text("text"), level: level)
    }
}
