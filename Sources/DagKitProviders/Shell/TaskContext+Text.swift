import DagKitCore

extension TaskContext {
    /// The text of an operator's argument: a constant is a template and is rendered, another task's output stands as it is.
    ///
    /// - Throws: What the template or the output is wrong with.
    func text(of input: Input<String>) async throws -> String {
        switch input {
        case .value(let template): try await render(template)
        case .output(let output): try await value(of: output)
        }
    }
}

extension Input<String> {
    /// The argument as a template, if it is a constant.
    func template(_ name: String) -> TemplateField? {
        if case .value(let text) = self { TemplateField(name, text) } else { nil }
    }
}
