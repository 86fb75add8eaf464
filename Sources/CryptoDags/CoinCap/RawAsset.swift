/// One asset as CoinCap gave it, before anything is judged: where its fields stand in the text of the answer.
///
/// ```swift
/// asset[.priceUsd].text  // "67234.500000000000000000"
/// ```
public struct RawAsset: Sendable {
    /// The text in which the fields stand; the assets of an answer share it.
    private let document: [UInt8]

    private var slices: InlineArray<11, Slice>

    /// Where a value stands in the document, without its quotes.
    struct Slice {
        enum Kind: UInt8 {
            case absent, null, other, number
            /// A string without escapes, and one that has some.
            case string, escaped
        }

        var kind = Kind.absent
        var start: UInt32 = 0
        var count: UInt32 = 0

        var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
    }

    /// Creates an asset of a document, of which no field is known yet.
    init(in document: [UInt8]) {
        self.document = document
        slices = InlineArray(repeating: Slice())
    }

    /// Creates an asset; what is not given is absent.
    public init(
        id: RawField = .absent, rank: RawField = .absent, symbol: RawField = .absent,
        name: RawField = .absent, supply: RawField = .absent, maxSupply: RawField = .absent,
        marketCapUsd: RawField = .absent, volumeUsd24Hr: RawField = .absent, priceUsd: RawField = .absent,
        changePercent24Hr: RawField = .absent, vwap24Hr: RawField = .absent
    ) {
        let fields = [
            id, rank, symbol, name, supply, maxSupply, marketCapUsd, volumeUsd24Hr, priceUsd,
            changePercent24Hr, vwap24Hr,
        ]
        self.init(in: fields.flatMap { Array(($0.text ?? "").utf8) })
        var start = 0
        for (index, field) in fields.enumerated() {
            let count = field.text?.utf8.count ?? 0
            slices[index] = Slice(kind: field.kind, start: UInt32(start), count: UInt32(count))
            start += count
        }
    }

    /// A value, by its field.
    public subscript(field: AssetField) -> RawField {
        let slice = slices[field.rawValue]
        switch slice.kind {
        case .absent: return .absent
        case .null: return .null
        case .other: return .other
        case .number: return .number(text(slice))
        case .string, .escaped: return .string(text(slice))
        }
    }

    /// Whether a field has no value.
    func isMissing(_ field: AssetField) -> Bool {
        slices[field.rawValue].kind == .absent || slices[field.rawValue].kind == .null
    }

    /// The text of a string or a number; `nil` for nothing and for what does not belong.
    func text(_ field: AssetField) -> String? {
        let slice = slices[field.rawValue]
        switch slice.kind {
        case .absent, .null, .other: return nil
        case .number, .string, .escaped: return text(slice)
        }
    }

    /// The number of a field; `nil` for nothing and for what does not belong.
    func amount(_ field: AssetField) throws(AmountError) -> Amount? {
        let slice = slices[field.rawValue]
        switch slice.kind {
        case .absent, .null, .other: return nil
        case .number, .string: return try Amount(utf8: document.span.extracting(slice.range))
        case .escaped: return try Amount(text(slice))
        }
    }

    /// Says where a field stands; a later value of the same field takes the place of an earlier one.
    mutating func set(_ field: AssetField, _ slice: Slice) { slices[field.rawValue] = slice }

    private func text(_ slice: Slice) -> String {
        if slice.kind == .escaped { return JSONReader.unescaped(document[slice.range]) }
        return String(decoding: document[slice.range], as: UTF8.self)
    }
}

extension RawAsset: Hashable {
    public static func == (left: RawAsset, right: RawAsset) -> Bool {
        AssetField.allCases.allSatisfy { left[$0] == right[$0] }
    }

    public func hash(into hasher: inout Hasher) {
        for field in AssetField.allCases { hasher.combine(self[field]) }
    }
}

/// A field of an asset that is read, by its key in the JSON text.
public enum AssetField: Int, CaseIterable, Hashable, Sendable {
    /// The slug, such as `bitcoin`: the only identity that is unique.
    case id
    /// The position by market capitalisation.
    case rank
    /// The ticker, such as `BTC`; several assets share one.
    case symbol
    /// The name that people read.
    case name
    /// The circulating supply.
    case supply
    /// The largest supply there can be.
    case maxSupply
    /// The market capitalisation in USD.
    case marketCapUsd
    /// The volume of 24 hours in USD.
    case volumeUsd24Hr
    /// The price in USD.
    case priceUsd
    /// The change over 24 hours in %.
    case changePercent24Hr
    /// The volume-weighted average price of 24 hours in USD.
    case vwap24Hr

    /// The key in the JSON text.
    public var key: String { String(describing: self) }

    /// The field of a key; `nil` for keys that are not read, such as `tokens`.
    init?(key: Span<UInt8>) {
        let candidate: (AssetField, StaticString)
        switch key.count {
        case 2: candidate = (.id, "id")
        case 4: candidate = key[0] == UInt8(ascii: "r") ? (.rank, "rank") : (.name, "name")
        case 6: candidate = key[1] == UInt8(ascii: "y") ? (.symbol, "symbol") : (.supply, "supply")
        case 8: candidate = key[0] == UInt8(ascii: "p") ? (.priceUsd, "priceUsd") : (.vwap24Hr, "vwap24Hr")
        case 9: candidate = (.maxSupply, "maxSupply")
        case 12: candidate = (.marketCapUsd, "marketCapUsd")
        case 13: candidate = (.volumeUsd24Hr, "volumeUsd24Hr")
        case 17: candidate = (.changePercent24Hr, "changePercent24Hr")
        default: return nil
        }
        let isSame = candidate.1.withUTF8Buffer { name in
            name.indices.allSatisfy { key[$0] == name[$0] }
        }
        guard isSame else { return nil }
        self = candidate.0
    }
}

/// A value of an asset as it stood in the JSON text, numbers kept as their digits.
public enum RawField: Hashable, Sendable {
    /// The key is not there; it means the same as ``null``.
    case absent
    case null
    case string(String)
    /// A bare JSON number, as it was written.
    case number(String)
    /// A Boolean, a list or an object, none of which belongs in an asset.
    case other

    /// The text of a string or a number; `nil` for nothing and for what does not belong.
    public var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .absent, .null, .other: nil
        }
    }

    fileprivate var kind: RawAsset.Slice.Kind {
        switch self {
        case .absent: .absent
        case .null: .null
        case .other: .other
        case .number: .number
        case .string: .string
        }
    }
}

extension RawField: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self = .string(text) }
}
