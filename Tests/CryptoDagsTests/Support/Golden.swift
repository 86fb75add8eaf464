import FoundationEssentials
import Testing

/// Texts that are kept beside the tests and compared as they are.
enum Golden {
    /// Compares a text with the file of that name; `DAGKIT_RECORD=1` rewrites the file instead.
    static func expect(
        _ text: String, matches name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let path =
            URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
            + "/Golden/\(name)"
        if ProcessInfo.processInfo.environment["DAGKIT_RECORD"] == "1" {
            try Data(text.utf8).write(to: URL(filePath: path))
            return
        }
        let kept = try String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        #expect(text == kept, sourceLocation: sourceLocation)
    }
}
