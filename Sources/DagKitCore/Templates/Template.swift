/// A text with `{{ … }}` in it, parsed once and rendered for each attempt.
///
/// ```swift
/// let template = try Template(parsing: "report-{{ ds }}-{{ var.value.region | default('eu') }}.csv")
/// try await template.render(in: context)  // report-2024-03-05-eu.csv
/// ```
///
/// The language is the part of Jinja that inserts values: names, members, literals, filters, and the few calls that
/// `Documentation/templates.md` lists. Nothing is evaluated as code, and an inserted value is never read as a template
/// again. `{# … #}` is left out of the text; `{% … %}` is refused.
public struct Template: Hashable, Sendable {
    let pieces: [TemplatePiece]

    /// Parses a text.
    ///
    /// - Throws: ``TemplateError`` with the place of the first mistake, a name or filter that does not exist included.
    public init(parsing text: String) throws(TemplateError) {
        var reader = TemplateReader(text)
        pieces = try reader.pieces()
    }

    /// Whether rendering gives the text as it was written.
    public var isConstant: Bool {
        pieces.allSatisfy { if case .text = $0 { true } else { false } }
    }

    /// Fills in the values of an attempt.
    ///
    /// - Throws: ``TemplateError`` if a value does not exist or cannot be written as text; what the metadata store
    ///   throws, if it cannot be read.
    public func render(in context: TaskContext) async throws -> String {
        let evaluator = TemplateEvaluator(context)
        var rendered = ""
        for piece in pieces {
            switch piece {
            case .text(let text): rendered += text
            case .value(let node): rendered += try await evaluator.value(of: node).text(at: node.place)
            }
        }
        return rendered
    }
}

/// A stretch of a template.
enum TemplatePiece: Hashable, Sendable {
    case text(String)
    case value(TemplateNode)
}

extension TaskContext {
    /// Fills the values of this attempt into a template.
    ///
    /// ```swift
    /// try await context.render("echo {{ ds_nodash }}")  // echo 20240305
    /// ```
    ///
    /// - Throws: ``TemplateError`` if the text is no template or a value does not exist; what the metadata store throws,
    ///   if it cannot be read.
    public func render(_ text: String) async throws -> String {
        try await Template(parsing: text).render(in: self)
    }
}
