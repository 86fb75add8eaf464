import DagKitCore
import Glibc

extension Console {
    /// The console of this process.
    static func standard(environment: [String: String]) -> Console {
        let terminals = Set(
            [(Stream.output, STDOUT_FILENO), (.error, STDERR_FILENO)].filter { isatty($0.1) == 1 }.map(\.0))
        return Console(
            terminals: terminals, inputIsTerminal: isatty(STDIN_FILENO) == 1,
            width: terminals.contains(.output) ? terminalWidth(environment) : nil,
            colored: colored(terminals, .auto, environment),
            writer: { stream, text in
                try writeAll(text, to: stream == .output ? STDOUT_FILENO : STDERR_FILENO)
            },
            reader: readAll, lineReader: { readLine() ?? "" }, secretReader: readHiddenLine,
            hastyWriter: { stream, text, patience in
                try HastyOutput.of(stream).write(text, within: patience)
            })
    }

    private static func terminalWidth(_ environment: [String: String]) -> Int {
        if let columns = environment["COLUMNS"].flatMap(Int.init), columns > 0 { return columns }
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }
}

/// Why the console cannot be read or written.
enum ConsoleError: DagKitError, Equatable {
    /// Whoever read the output stopped reading.
    case brokenPipe
    case cannotWrite(reason: String)
    case cannotRead(reason: String)
    case notUTF8

    /// What a system call said that writes.
    static func writing(_ code: Int32) -> ConsoleError {
        code == EPIPE ? .brokenPipe : .cannotWrite(reason: String(cString: strerror(code)))
    }

    var problem: String {
        switch self {
        case .brokenPipe: "nobody reads the output any more"
        case .cannotWrite(let reason): "cannot write the output (\(reason))"
        case .cannotRead(let reason): "cannot read the input (\(reason))"
        case .notUTF8: "the input is not UTF-8"
        }
    }

    var remedy: String {
        switch self {
        case .brokenPipe: "read it to its end"
        case .cannotWrite: "write it to a place that has room"
        case .cannotRead: "hand over a file or a pipe"
        case .notUTF8: "convert it to UTF-8"
        }
    }
}

private func writeAll(_ text: String, to descriptor: Int32) throws {
    var text = text
    let failure: Int32? = text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while !rest.isEmpty {
            let written = write(descriptor, rest.baseAddress, rest.count)
            if written >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            } else if errno == EAGAIN {
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = Glibc.poll(&poll, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
    if let failure { throw ConsoleError.writing(failure) }
}

private func readAll() throws -> String {
    var collected: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(STDIN_FILENO, &buffer, buffer.count)
        if count > 0 {
            collected += buffer[..<count]
        } else if count == 0 {
            break
        } else if errno != EINTR {
            throw ConsoleError.cannotRead(reason: String(cString: strerror(errno)))
        }
    }
    guard let text = String(validating: collected, as: UTF8.self) else { throw ConsoleError.notUTF8 }
    return text
}

/// Reads a line from the terminal with its echo switched off.
private func readHiddenLine(prompt: String) throws -> String {
    var before = termios()
    guard tcgetattr(STDIN_FILENO, &before) == 0 else {
        throw ConsoleError.cannotRead(reason: "no terminal")
    }
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
    try writeAll(prompt, to: STDERR_FILENO)
    let line = readLine() ?? ""
    try writeAll("\n", to: STDERR_FILENO)
    return line
}
