/// How a call or filter is written.
struct TemplateSignature {
    /// The call as messages show it: `macros.ds_add(ds, days)`.
    let usage: String

    /// The names of the parameters, in order.
    let parameters: [String]

    /// How many of them must be given.
    let required: Int

    /// How many of them may be given without their name.
    let positional: Int

    init(_ usage: String, _ parameters: [String] = [], required: Int = 0, positional: Int? = nil) {
        self.usage = usage
        self.parameters = parameters
        self.required = required
        self.positional = positional ?? parameters.count
    }
}

/// The evaluated arguments of a call or filter, by parameter.
struct TemplateArguments {
    let place: TemplateLocation
    private let usage: String
    private var values: [String: TemplateValue] = [:]

    /// - Parameter given: The arguments in order, with their labels.
    /// - Throws: ``TemplateError/wrongArguments(usage:at:)`` if they do not fit the signature.
    init(
        _ given: [(label: String?, value: TemplateValue)], of signature: TemplateSignature,
        at place: TemplateLocation
    ) throws(TemplateError) {
        self.place = place
        usage = signature.usage
        let mismatch = TemplateError.wrongArguments(usage: usage, at: place)
        for (index, argument) in given.enumerated() {
            if argument.label == nil, index >= signature.positional { throw mismatch }
            let name = argument.label ?? signature.parameters[index]
            guard signature.parameters.contains(name), values[name] == nil else { throw mismatch }
            values[name] = argument.value
        }
        let required = signature.parameters.prefix(signature.required)
        guard required.allSatisfy({ values[$0] != nil }) else { throw mismatch }
    }

    subscript(name: String) -> TemplateValue? { values[name] }

    /// The text of an argument that must be given.
    func string(_ name: String) throws(TemplateError) -> String {
        guard let value = values[name] else { throw mismatch }
        guard case .json(.string(let text)) = value else {
            throw .wrongKind(found: value.kind, by: usage, expected: "a string as \(name)", at: place)
        }
        return text
    }

    /// The text of an argument that may be left out.
    func string(_ name: String, default other: String) throws(TemplateError) -> String {
        values[name] == nil ? other : try string(name)
    }

    /// The whole number of an argument; `nil` if it is left out.
    func integer(_ name: String) throws(TemplateError) -> Int64? {
        guard let value = values[name] else { return nil }
        guard case .json(let json) = value, let number = json.integer else {
            throw .wrongKind(found: value.kind, by: usage, expected: "a whole number as \(name)", at: place)
        }
        return number
    }

    private var mismatch: TemplateError { .wrongArguments(usage: usage, at: place) }
}
