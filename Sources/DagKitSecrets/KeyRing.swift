import CSodium
public import DagKitCore
import DagKitSystem
import Glibc

/// The keys of a deployment: the first seals, all open.
///
/// In its file each key is a line, an id and 32 bytes in base64; lines that begin with `#` say nothing. The id follows from
/// the key, so that one cannot be taken for the other.
public struct KeyRing: Sendable {
    /// The key that seals.
    let sealing: SecretKey
    private let keys: [String: SecretKey]
    private let order: [SecretKey]

    /// A ring with one new key.
    public init() {
        self.init([SecretKey.random()])
    }

    /// Reads keys from the text of a key file, or of a variable that holds the same.
    ///
    /// - Parameter source: Names the text in errors.
    /// - Throws: ``KeyRingError/noKey(source:)``, ``KeyRingError/badLine(_:source:)``.
    public init(text: String, source: String) throws(KeyRingError) {
        var keys: [SecretKey] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard words.count == 2, let bytes = Sodium.bytes(ofBase64: String(words[1])),
                let key = SecretKey(bytes), key.id == first
            else { throw .badLine(number + 1, source: source) }
            keys.append(key)
        }
        guard !keys.isEmpty else { throw .noKey(source: source) }
        self.init(keys)
    }

    private init(_ keys: [SecretKey]) {
        sealing = keys[0]
        order = keys
        self.keys = Dictionary(keys.map { ($0.id, $0) }) { first, _ in first }
    }

    /// The ring of a key file, which is made with one new key if it is not there yet.
    ///
    /// Of several processes that start at once one makes the file, and all use that one.
    ///
    /// - Throws: ``KeyRingError``, or a ``DagKitError`` of the system if the file cannot be read or made.
    public static func load(orCreateAt path: String) throws -> KeyRing {
        if !FileSystem.exists(path) {
            try FileSystem.createFolder(FileSystem.parent(of: path))
            _ = try FileSystem.create(Array(KeyRing().text.utf8), at: path)
        }
        return try load(path)
    }

    /// The ring of a key file.
    ///
    /// - Throws: ``KeyRingError``, or a ``DagKitError`` of the system if the file cannot be read.
    public static func load(_ path: String) throws -> KeyRing {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & 0o077 != 0 { throw KeyRingError.openToOthers(path) }
        return try KeyRing(text: try FileSystem.readText(path, limit: 1 << 16), source: path)
    }

    /// Puts the ring in place of a key file, at once and for good.
    public func save(to path: String) throws {
        try FileSystem.write(Array(text.utf8), to: path)
    }

    /// The ring with a new first key; the old ones still open what they sealed.
    public func rotated() -> KeyRing {
        KeyRing([SecretKey.random()] + order)
    }

    /// The ring with its first key alone, for when all is sealed with that.
    public func withoutOldKeys() -> KeyRing {
        KeyRing([sealing])
    }

    /// The ids of the keys, the sealing one first.
    public var ids: [String] { order.map(\.id) }

    func key(_ id: String) -> SecretKey? { keys[id] }

    private var text: String {
        """
        # The keys that seal this deployment's secrets: the first seals, all open.
        # Without them the secrets are lost: keep a copy, and not beside the database's backup.

        """ + order.map { "\($0.id) \($0.base64)\n" }.joined()
    }
}

/// Why a key file is of no use.
public enum KeyRingError: DagKitError, Equatable {
    case noKey(source: String)
    case badLine(Int, source: String)
    case openToOthers(String)

    public var location: String? {
        switch self {
        case .badLine(let line, let source): "\(source):\(line)"
        case .noKey, .openToOthers: nil
        }
    }

    public var problem: String {
        switch self {
        case .noKey(let source): "there is no key in \"\(source)\""
        case .badLine(let line, _): "line \"\(line)\" is not a key with its id"
        case .openToOthers(let path): "key file \"\(path)\" can be read by others"
        }
    }

    public var remedy: String {
        switch self {
        case .noKey, .badLine: "restore the key file from its copy"
        case .openToOthers(let path): "run: chmod 600 \(path)"
        }
    }
}
