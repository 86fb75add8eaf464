/// Where a command reads and writes: data to the output, all else to the error stream.
public struct Console: Sendable {
    /// One of the two streams that a command writes to.
    public enum Stream: Sendable {
        case output, error
    }

    /// When text is coloured.
    public enum ColorChoice: String, CaseIterable, Sendable {
        case auto
        case on
        case off
        case always
        case never
    }

    /// How a piece of text is shown on a terminal.
    public enum Style: Int, Sendable {
        case bold = 1
        case dim = 2
        case red = 31
        case green = 32
        case yellow = 33
        case blue = 34
        case magenta = 35
        case cyan = 36
        case grey = 90
    }

    /// Which streams are terminals.
    public let terminals: Set<Stream>

    /// Whether the input is a terminal, so that one may ask.
    public let inputIsTerminal: Bool

    /// How many columns the terminal has; `nil` if the output is none.
    public let width: Int?

    private let colored: Set<Stream>
    private let writer: @Sendable (Stream, String) throws -> Void
    private let reader: @Sendable () throws -> String
    private let lineReader: @Sendable () throws -> String
    private let secretReader: @Sendable (String) throws -> String
    private let hastyWriter: (@Sendable (Stream, String, Duration) throws -> Bool)?

    /// Creates a console from its parts.
    ///
    /// - Parameters:
    ///   - reader: Gives the whole input.
    ///   - lineReader: Gives one line of it.
    ///   - secretReader: Shows a prompt and gives a line that is not shown while it is typed.
    ///   - hastyWriter: Writes what a stream takes within a time, and says whether that was all; `writer` writes in its place
    ///     if it is left out.
    public init(
        terminals: Set<Stream> = [], inputIsTerminal: Bool = false, width: Int? = nil,
        colored: Set<Stream> = [],
        writer: @escaping @Sendable (Stream, String) throws -> Void,
        reader: @escaping @Sendable () throws -> String = { "" },
        lineReader: @escaping @Sendable () throws -> String = { "" },
        secretReader: @escaping @Sendable (String) throws -> String = { _ in "" },
        hastyWriter: (@Sendable (Stream, String, Duration) throws -> Bool)? = nil
    ) {
        self.terminals = terminals
        self.inputIsTerminal = inputIsTerminal
        self.width = width
        self.colored = colored
        self.writer = writer
        self.reader = reader
        self.lineReader = lineReader
        self.secretReader = secretReader
        self.hastyWriter = hastyWriter
    }

    /// Writes a line of data.
    public func print(_ line: String) throws { try writer(.output, line + "\n") }

    /// Writes data as it is.
    public func write(_ text: String) throws {
        if !text.isEmpty { try writer(.output, text) }
    }

    /// Writes a line that is not data: a note, a warning, progress.
    public func note(_ line: String) throws { try writer(.error, line + "\n") }

    /// Writes such a line if whoever reads it takes it in time.
    ///
    /// - Returns: False if it was left out, or cut.
    func note(_ line: String, within patience: Duration) throws -> Bool {
        guard let hastyWriter else {
            try note(line)
            return true
        }
        return try hastyWriter(.error, line + "\n", patience)
    }

    /// Writes a question, to be answered on the same line.
    public func ask(_ question: String) throws { try writer(.error, question) }

    /// Reads one line of the input.
    public func readAnswer() throws -> String { try lineReader() }

    /// Reads the whole input.
    public func readInput() throws -> String { try reader() }

    /// Asks for a secret on the terminal, without showing what is typed.
    public func readSecret(prompt: String) throws -> String { try secretReader(prompt) }

    /// The text in a colour, where the stream shows colours.
    public func styled(_ text: String, _ style: Style, on stream: Stream = .output) -> String {
        colored.contains(stream) && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// The same console with colours by another choice.
    public func coloring(_ choice: ColorChoice, environment: [String: String]) -> Console {
        Console(
            terminals: terminals, inputIsTerminal: inputIsTerminal, width: width,
            colored: Self.colored(terminals, choice, environment), writer: writer, reader: reader,
            lineReader: lineReader, secretReader: secretReader, hastyWriter: hastyWriter)
    }

    /// Which streams show colours: those that are terminals, unless a choice or the environment decides.
    ///
    /// `NO_COLOR`, `DAGKIT_NO_COLOR` and `TERM=dumb` switch them off, `CLICOLOR_FORCE` switches them on.
    public static func colored(
        _ terminals: Set<Stream>, _ choice: ColorChoice, _ environment: [String: String]
    ) -> Set<Stream> {
        let isSet = { (name: String) in !(environment[name] ?? "").isEmpty }
        switch choice {
        case .on, .always: return [.output, .error]
        case .off, .never: return []
        case .auto:
            if isSet("NO_COLOR") || isSet("DAGKIT_NO_COLOR") { return [] }
            if isSet("CLICOLOR_FORCE"), environment["CLICOLOR_FORCE"] != "0" { return [.output, .error] }
            return environment["TERM"] == "dumb" ? [] : terminals
        }
    }
}
