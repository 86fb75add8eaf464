/// Data that tasks update and that DAGs run on, named by a URI that nobody opens.
///
/// ```swift
/// let prices = Asset("s3://market/prices", name: "prices")
///
/// dag.task("load", options: TaskOptions(outlets: [prices])) { … }  // updates it
/// DAGConfiguration("report", schedule: .assets(.any(prices)))      // runs once it is updated
/// ```
///
/// Two assets with the same URI are one. What is wrong with one is reported when a DAG that names it is checked.
public struct Asset: Hashable, Sendable {
    /// The URI in its normal form (``AssetURI``): what names the asset.
    public let uri: String

    /// What people call it; the URI unless said otherwise.
    public let name: String

    /// What kind of assets it belongs to.
    public let group: String

    /// What else its author says of it; an object.
    public let extra: JSONValue

    /// What is wrong with it; the validator reports it.
    package let problem: AssetError?

    /// Creates an asset; ``init(checking:name:group:extra:)`` throws what is wrong.
    public init(
        _ uri: String, name: String? = nil, group: String = Asset.standardGroup, extra: JSONValue = [:]
    ) {
        do throws(AssetError) {
            self = try Asset(checking: uri, name: name, group: group, extra: extra)
        } catch {
            self.init(uri: uri, name: name ?? uri, group: group, extra: extra, problem: error)
        }
    }

    /// Creates a checked asset.
    ///
    /// - Throws: ``AssetError`` for the first thing that is wrong.
    public init(
        checking uri: String, name: String? = nil, group: String = Asset.standardGroup, extra: JSONValue = [:]
    ) throws(AssetError) {
        let normal = try AssetURI.normalized(uri)
        try AssetError.check(name ?? normal, "name")
        try AssetError.check(group, "group")
        try AssetError.check(extra: extra, of: normal)
        self.init(uri: normal, name: name ?? normal, group: group, extra: extra, problem: nil)
    }

    private init(uri: String, name: String, group: String, extra: JSONValue, problem: AssetError?) {
        self.uri = uri
        self.name = name
        self.group = group
        self.extra = extra
        self.problem = problem
    }

    /// The group of assets that name none.
    public static let standardGroup = "asset"
}

/// Why a text is no asset, or why an update of one is refused.
public enum AssetError: DagKitError, Hashable {
    case empty(String)
    case notASCII(String, text: String)
    case tooLong(String, text: String)
    case reservedScheme(uri: String)
    case hasUser(uri: String)
    case extraNotObject(uri: String, kind: String)
    case extraTooLarge(uri: String, bytes: Int)
    case notAsset(String)
    case notCondition(String)

    /// How many bytes a name, a group or a URI may have.
    static let longestText = 1500

    /// How many bytes the extra of an asset, or of one of its updates, may have.
    public static let largestExtra = 65_536

    public var problem: String {
        switch self {
        case .empty(let what): "the \(what) of an asset is empty"
        case .notASCII(let what, let text): "asset \(what) \"\(text)\" has a character that is not ASCII"
        case .tooLong(let what, let text):
            "asset \(what) \"\(text.prefix(40))…\" has \(text.utf8.count) bytes"
        case .reservedScheme(let uri): "asset uri \"\(uri)\" has the reserved scheme \"airflow\""
        case .hasUser: "an asset uri names a user or a password"
        case .extraNotObject(let uri, let kind): "the extra of asset \"\(uri)\" is \"\(kind)\", not an object"
        case .extraTooLarge(let uri, let bytes): "the extra of asset \"\(uri)\" has \"\(bytes)\" bytes"
        case .notAsset(let text): "\"\(text)\" is no asset"
        case .notCondition(let text): "\"\(text)\" says nothing of assets"
        }
    }

    public var remedy: String {
        switch self {
        case .empty(let what): "give it a \(what)"
        case .notASCII: "write it percent-encoded, or in ASCII"
        case .tooLong: "use at most \(Self.longestText)"
        case .reservedScheme: "use another scheme"
        case .hasUser: "leave out what stands before the @: a uri names data, and is shown to everybody"
        case .extraNotObject: "write it as [\"key\": value]"
        case .extraTooLarge: "say less, at most \(Self.largestExtra) bytes, or store it and name the place"
        case .notAsset:
            "write its uri, or {\"uri\": …} with \"name\", \"group\" and \"extra\" as you like"
        case .notCondition: "write the uri of an asset, {\"any\": [ … ]} or {\"all\": [ … ]}"
        }
    }

    static func check(_ text: String, _ what: String) throws(AssetError) {
        if text.allSatisfy(\.isWhitespace) { throw .empty(what) }
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { throw .notASCII(what, text: text) }
        guard text.utf8.count <= longestText else { throw .tooLong(what, text: text) }
    }

    static func check(extra: JSONValue, of uri: String) throws(AssetError) {
        guard case .object(let members) = extra else { throw .extraNotObject(uri: uri, kind: extra.kind) }
        guard !members.isEmpty else { return }
        let bytes = extra.text.utf8.count
        guard bytes <= largestExtra else { throw .extraTooLarge(uri: uri, bytes: bytes) }
    }
}
