import DagKitCore

extension OperatorRegistry {
    /// One operator, `say`, which returns its `text`, and one notifier of that name.
    static var saying: OperatorRegistry {
        var registry = OperatorRegistry()
        registry.register("say", keys: ["text"]) { declaration in
            guard let text = declaration["text"]?.string else {
                throw DeclarationError.missing(key: "text", operator: "say")
            }
            return TaskWork { _ in try EncodedOutput(encoding: text) }
        }
        registry.registerNotifier("say") { _ in SilentNotifier() }
        return registry
    }
}

/// Tells nobody.
struct SilentNotifier: Notifier {
    func notify(_ notice: Notice, in context: TaskContext) async throws {}
}
