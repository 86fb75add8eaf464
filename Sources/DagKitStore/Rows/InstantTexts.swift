import DagKitCore
import DagKitSQL
import FoundationEssentials

/// Instants as the database stores them, of which the last few are remembered: those of a commit are mostly the same.
struct InstantTexts {
    private var known: [(instant: Date, text: String)] = []
    private var next = 0

    /// The text of an instant.
    mutating func text(of instant: Date) -> String {
        if let found = known.first(where: { $0.instant == instant }) { return found.text }
        let text = instant.databaseText
        if known.count < 4 {
            known.append((instant, text))
        } else {
            known[next] = (instant, text)
            next = (next + 1) % 4
        }
        return text
    }

    /// The text of an instant as a value; NULL for none.
    mutating func value(of instant: Date?) -> SQLValue {
        instant.map { .text(text(of: $0)) } ?? .null
    }
}
