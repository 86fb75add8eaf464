import DagKitSQL

extension SQLError {
    /// The error of an answer; its words are cleared of the values that were bound.
    init(_ result: PostgresResult, database: String, statement: String, values: [SQLValue]) {
        let state = result.sqlState ?? "XX000"
        self.init(
            Kind(sqlState: state) ?? .other, sqlState: state,
            message: Self.cleared(result.message, sqlState: state, values: values), database: database,
            statement: statement)
    }

    /// The message without what came from outside.
    ///
    /// Data errors (class 22) quote the value that they could not read, constraints and user functions may; the
    /// details of an error, which hold whole rows, are not even asked for.
    private static func cleared(_ message: String, sqlState: String, values: [SQLValue]) -> String {
        var text = message
        for value in values {
            let secret: String
            switch value {
            case .text(let text): secret = text
            case .integer(let number): secret = "\(number)"
            case .real(let number): secret = "\(number)"
            case .blob, .null: continue
            }
            if secret.utf8.count >= 4 { text = text.replacing(secret, with: "…") }
        }
        return sqlState.hasPrefix("22") ? unquoted(text) : text
    }

    /// The text with what stands between double quotes left out.
    private static func unquoted(_ text: String) -> String {
        var result = ""
        var closing: Character?
        for character in text {
            switch (closing, character) {
            case (nil, "\""): (closing, result) = ("\"", result + "\"…")
            case (nil, "«"), (nil, "“"), (nil, "„"):
                (closing, result) = (character == "«" ? "»" : "”", result + "\(character)…")
            case (let end?, character) where end == character:
                closing = nil
                result.append(character)
            case (nil, _): result.append(character)
            default: break
            }
        }
        return result
    }
}

extension SQLError.Kind {
    /// The kind of a code of the server; `nil` if it has none of its own.
    init?(sqlState: String) {
        switch sqlState {
        case "23505", "23P01": self = .uniqueViolation
        case "23503", "23001": self = .foreignKeyViolation
        case "23502": self = .notNullViolation
        case "23514", "23000", "44000": self = .checkViolation
        case "40001": self = .serializationFailure
        case "40P01": self = .deadlock
        case "55P03": self = .busy
        case "25006": self = .readOnly
        case "42501", "28000", "28P01": self = .accessDenied
        case "3D000": self = .unknownDatabase
        case "53300": self = .tooManyConnections
        case "53100", "53200": self = .full
        case "57P01", "57P02", "57P05": self = .connectionLost
        case "57P03": self = .cannotOpen
        case "57014": self = .interrupted
        case "42P01", "3F000": self = .unknownTable
        case "42703": self = .unknownColumn
        case "42601": self = .syntax
        case "42804", "42883", "42P18", "42846": self = .typeMismatch
        case "58030": self = .inputOutput
        case "XX001", "XX002": self = .corrupt
        default:
            switch sqlState.prefix(2) {
            case "08": self = .connectionLost
            case "22": self = .invalidValue
            case "23": self = .checkViolation
            case "42": self = .syntax
            default: return nil
            }
        }
    }
}
