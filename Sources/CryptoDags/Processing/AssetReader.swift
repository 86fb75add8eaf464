/// Reads the fields of one raw asset by the rules of the columns, and collects what it could not use.
struct AssetReader {
    /// What a row cannot do without.
    struct Identity {
        var id: String
        var rank: Int
        var symbol: String
        var name: String
        var price: Amount
    }

    /// Why an asset gives no row.
    struct Rejection: Error {
        var field: String
        var reason: String
    }

    /// Which numbers a column takes.
    enum Range { case notNegative, positive, change }

    /// The longest id.
    static let idLimit = 100

    private let asset: RawAsset
    private let position: Int
    private(set) var id: String?
    private(set) var faults: [FieldFault] = []
    private(set) var isRankedByPosition = false

    init(asset: RawAsset, position: Int) {
        self.asset = asset
        self.position = position
    }

    mutating func identity() throws(Rejection) -> Identity {
        let id = try requiredText(.id)
        guard id.utf8.count <= Self.idLimit || id.unicodeScalars.count <= Self.idLimit else {
            throw Rejection(field: AssetField.id.key, reason: "it has more than \(Self.idLimit) characters")
        }
        self.id = id
        let symbol = try requiredText(.symbol)
        let name = try requiredText(.name)
        return Identity(id: id, rank: rank(), symbol: symbol, name: name, price: try price())
    }

    /// A number that may be missing; what cannot be used is `nil` and a fault.
    mutating func amount(_ field: AssetField, _ range: Range) -> Amount? {
        if asset.isMissing(field) { return nil }
        do throws(Rejection) { return try number(field, range) } catch {
            addFault(field, error.reason)
            return nil
        }
    }

    private func requiredText(_ field: AssetField) throws(Rejection) -> String {
        guard let text = asset.text(field) else {
            throw Rejection(field: field.key, reason: "it is missing")
        }
        let trimmed = Self.trimmed(text)
        guard !trimmed.isEmpty else { throw Rejection(field: field.key, reason: "it is empty") }
        return trimmed
    }

    private func price() throws(Rejection) -> Amount {
        if asset.isMissing(.priceUsd) {
            throw Rejection(field: AssetField.priceUsd.key, reason: "it is missing")
        }
        return try number(.priceUsd, .positive)
    }

    private mutating func rank() -> Int {
        if let text = asset.text(.rank) {
            if let rank = Int(text), (1...1_000_000_000).contains(rank) { return rank }
            addFault(.rank, "it is no whole number above zero")
        }
        isRankedByPosition = true
        return position
    }

    private mutating func addFault(_ field: AssetField, _ reason: String) {
        let value = String((asset.text(field) ?? "").prefix(80))
        faults.append(FieldFault(cryptoID: id ?? "", field: field.key, value: value, reason: reason))
    }

    private func number(_ field: AssetField, _ range: Range) throws(Rejection) -> Amount {
        let amount: Amount?
        do { amount = try asset.amount(field) } catch {
            throw Rejection(field: field.key, reason: error.problem)
        }
        guard let amount else { throw Rejection(field: field.key, reason: "it is no number") }
        switch range {
        case .notNegative where amount < .zero:
            throw Rejection(field: field.key, reason: "it is below zero")
        case .positive where amount <= .zero:
            throw Rejection(field: field.key, reason: "it is not above zero")
        case .change where amount < -100 || amount > 100_000:
            throw Rejection(field: field.key, reason: "it is not between -100 and 100000")
        default: return amount
        }
    }

    private static func trimmed(_ text: String) -> String {
        // A visible sign of ASCII at both ends, as nearly always, is no blank.
        if let first = text.utf8.first, let last = text.utf8.last, (0x21...0x7E).contains(first),
            (0x21...0x7E).contains(last)
        {
            return text
        }
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
