import Glibc

/// Python 3 as an independent judge of decimal arithmetic.
enum Python {
    /// What `python3 -c script arguments…` prints.
    static func output(_ script: String, _ arguments: String...) throws -> String {
        let command = (["python3", "-c", script] + arguments).map(quoted).joined(separator: " ")
        guard let pipe = popen(command + " 2>&1", "r") else { throw PythonError.cannotStart }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard pclose(pipe) == 0 else { throw PythonError.failed(text) }
        return text
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

enum PythonError: Error {
    case cannotStart
    case failed(String)
}
