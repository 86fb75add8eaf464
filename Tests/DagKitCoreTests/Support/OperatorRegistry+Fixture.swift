import DagKitCore

extension OperatorRegistry {
    /// One operator, `say`, which returns its `text`.
    static var saying: OperatorRegistry {
        var registry = OperatorRegistry()
        registry.register("say", keys: ["text"]) { declaration in
            guard let text = declaration["text"]?.string else {
                throw DeclarationError.missing(key: "text", operator: "say")
            }
            return TaskWork { _ in try EncodedOutput(encoding: text) }
        }
        return registry
    }
}
