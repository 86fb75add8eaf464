import FoundationEssentials

/// Reads the deadlines that a document declares.
///
/// ```json
/// "deadlines": [{ "name": "breakfast", "after": "data_interval_end", "within": "7h" }]
/// ```
enum DeclaredDeadline {
    /// The deadlines of an object; `nil` if it says nothing of them.
    static func deadlines(_ outer: inout FieldReader, file: String) -> [DeadlineAlert]? {
        guard let list = outer.field("deadlines") else { return nil }
        guard let elements = list.elements else {
            outer.report(list, "\(list.path) is \(list.value.kind), not a list", "write [{ \"name\": …, … }]")
            return nil
        }
        return elements.compactMap { node in
            var reader = FieldReader(node, file: file)
            defer { outer.add(reader.problems) }
            return node.members == nil ? nil : deadline(node, &reader)
        }
    }

    private static func deadline(_ node: JSONNode, _ reader: inout FieldReader) -> DeadlineAlert? {
        let name = reader.string("name")
        let text = reader.string("after")
        let interval = reader.duration("within") ?? .zero
        reader.finish()
        if node["name"] == nil { reader.report(node, "a deadline has no \"name\"", "give it one") }
        guard let reference = text.flatMap(reference) else {
            let near = text.flatMap { NearMiss.nearest(to: $0, among: names) }.map {
                "did you mean \"\($0)\"?"
            }
            reader.report(
                node["after"] ?? node, "a deadline counts from \"\(text ?? "")\"",
                near ?? "use \(names.joined(separator: ", ")), or an instant")
            return nil
        }
        return name.map { DeadlineAlert($0, reference, within: interval) }
    }

    private static let names = ["queued_at", "logical_date", "data_interval_end"]

    private static func reference(_ text: String) -> DeadlineAlert.Reference? {
        switch text {
        case "queued_at": .queuedAt
        case "logical_date": .logicalDate
        case "data_interval_end": .dataIntervalEnd
        default: (try? Date(isoText: text)).map(DeadlineAlert.Reference.fixed)
        }
    }
}
