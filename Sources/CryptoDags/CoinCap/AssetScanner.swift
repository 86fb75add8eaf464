public import DagKit

/// Reads an answer of CoinCap, v2 or v3, from its bytes.
///
/// It validates the whole text as JSON and keeps numbers as their digits, which no Double could hold. Keys
/// that it does not know are skipped.
///
/// ```swift
/// switch try AssetScanner.scan(bytes) {
/// case .assets(let assets, let timestamp): …
/// case .message(let text), .error(let text): …
/// }
/// ```
public struct AssetScanner {
    private var assets: [RawAsset]?
    private var message: String?
    private var error: String?
    private var timestamp: Int64?
    private var hasForeignData = false

    /// Reads the answer.
    ///
    /// - Throws: ``AssetScanError`` with the position in the text.
    public static func scan(_ bytes: [UInt8]) throws(AssetScanError) -> CoinCapBody {
        var scanner = AssetScanner()
        var json = JSONReader(bytes)
        return try scanner.document(&json)
    }

    private init() {}

    private mutating func document(_ json: inout JSONReader) throws(AssetScanError) -> CoinCapBody {
        try json.open()
        guard try json.peek() == .object else { throw .notAnObject }
        try json.eachMember { key, json throws(AssetScanError) in
            switch json.text(of: key) {
            case "data": try data(&json)
            case "timestamp": timestamp = try json.scalarText().flatMap { Int64($0) }
            case "error": error = try json.scalarText()
            case "message" where message == nil: message = try json.scalarText()
            default: try json.skipValue()
            }
        }
        try json.close()
        if let assets { return .assets(assets, timestamp: timestamp) }
        if let error { return .error(error) }
        if let message { return .message(message) }
        throw hasForeignData ? .dataOfWrongType : .noData
    }

    private mutating func data(_ json: inout JSONReader) throws(AssetScanError) {
        switch try json.peek() {
        case .array:
            var list: [RawAsset] = []
            try json.eachElement { json throws(AssetScanError) in
                guard try json.peek() == .object else { throw .dataOfWrongType }
                list.append(try Self.asset(&json).asset)
            }
            assets = list
        case .object:
            let found = try Self.asset(&json)
            if let text = found.message {
                message = text
            } else if !found.asset.isMissing(.id) {
                assets = [found.asset]
            } else {
                hasForeignData = true
            }
        default:
            try json.skipValue()
            hasForeignData = true
        }
    }

    /// One object of `data`; a `message` in it, without an id, is CoinCap speaking to the caller.
    private static func asset(
        _ json: inout JSONReader
    ) throws(AssetScanError) -> (asset: RawAsset, message: String?) {
        var asset = RawAsset(in: json.bytes)
        var message: String?
        try json.eachMember { key, json throws(AssetScanError) in
            if let field = AssetField(key: json.bytes.span.extracting(key.range)) {
                asset.set(field, try json.field())
            } else if json.text(of: key) == "message" {
                message = try json.scalarText()
            } else {
                try json.skipValue()
            }
        }
        return (asset, asset.isMissing(.id) ? message : nil)
    }
}

/// What an answer of CoinCap holds.
public enum CoinCapBody: Hashable, Sendable {
    /// The assets, in their order, and the time of the data in milliseconds since 1970, if given.
    case assets([RawAsset], timestamp: Int64?)
    /// A message where the data should be: how v2 said that it was retired.
    case message(String)
    /// The text of an error envelope.
    case error(String)
}

/// Why bytes are no answer of CoinCap.
public enum AssetScanError: DagKitError, Equatable {
    case malformed(String, offset: Int)
    case notUTF8
    case tooDeep(limit: Int)
    case tooLong(limit: Int)
    case notAnObject
    case noData
    case dataOfWrongType

    public var problem: String {
        switch self {
        case .malformed(let what, let offset): "the answer is not JSON: \(what) at byte \"\(offset)\""
        case .notUTF8: "the answer is not UTF-8 text"
        case .tooDeep(let limit): "the answer is nested deeper than \"\(limit)\" levels"
        case .tooLong(let limit): "the answer has more than \"\(limit)\" bytes"
        case .notAnObject: "the answer is no JSON object"
        case .noData: "the answer has no \"data\""
        case .dataOfWrongType: "the \"data\" of the answer is no list of assets"
        }
    }

    public var remedy: String { "check that coincap_url names CoinCap's API" }
}
