/// Reads the callbacks that a document declares.
///
/// ```json
/// "callbacks": [{ "on": "failure", "mail": ["ops@example.org"] },
///               { "on": ["failure", "success"], "webhook": { "connection": "chat" } }]
/// ```
enum DeclaredCallback {
    /// The callbacks of an object; `nil` if it says nothing of them.
    static func callbacks<Occasion: CallbackOccasion>(
        _ outer: inout FieldReader, file: String, registry: OperatorRegistry
    ) -> [Callback<Occasion>]? {
        guard let list = outer.field("callbacks") else { return nil }
        guard let elements = list.elements else {
            outer.report(list, "\(list.path) is \(list.value.kind), not a list", "write [{ \"on\": …, … }]")
            return nil
        }
        return elements.compactMap { node in
            var reader = FieldReader(node, file: file)
            defer { outer.add(reader.problems) }
            return node.members == nil ? nil : callback(node, &reader, registry)
        }
    }

    private static func callback<Occasion: CallbackOccasion>(
        _ node: JSONNode, _ reader: inout FieldReader, _ registry: OperatorRegistry
    ) -> Callback<Occasion>? {
        let occasions: Set<Occasion> = occasions(node, &reader)
        let name = reader.string("name")
        let timeout = reader.duration("timeout")
        let retries = reader.integer("retries")
        let notifiers = registry.notifierNames
        let found = (node.members ?? []).filter { notifiers.contains($0.key) }
        reader.finish(also: Set(notifiers))
        guard found.count < 2 else {
            reader.report(
                node, "a callback names \(found.map(\.key).joined(separator: " and "))",
                "write one callback for each")
            return nil
        }
        let declaration = JSONValue.object(
            Dictionary(found.map { ($0.key, $0.node.value) }) { first, _ in first })
        do {
            _ = try registry.notifier(of: declaration)
        } catch {
            let error = error as? any DagKitError
            reader.report(
                found.first?.node ?? node, error?.problem ?? "the callback cannot be used",
                error?.remedy ?? "mend it")
            return nil
        }
        return Callback(
            occasions, name: name ?? found.first?.key ?? "callback", timeout: timeout, retries: retries,
            work: .declared(declaration), at: reader.place(node))
    }

    private static func occasions<Occasion: CallbackOccasion>(_ node: JSONNode, _ reader: inout FieldReader)
        -> Set<Occasion>
    {
        let all = Occasion.allCases.map(\.rawValue)
        guard let texts = reader.strings("on") else {
            if node["on"] == nil {
                reader.report(node, "a callback does not say when it is called", "add \"on\"")
            }
            return []
        }
        return Set(
            texts.compactMap { text in
                if let occasion = Occasion(rawValue: text) { return occasion }
                let near = NearMiss.nearest(to: text, among: all).map { "did you mean \"\($0)\"?" }
                reader.report(
                    node["on"] ?? node, "a callback is called on \"\(text)\"",
                    near ?? "use \(all.joined(separator: ", "))")
                return nil
            })
    }
}
