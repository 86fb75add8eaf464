import CSodium
public import DagKitCore

/// Seals secrets with XChaCha20-Poly1305 and opens them again.
///
/// A sealed text reads `v1.<key id>.<base64>`: 24 random bytes, then the encrypted secret with its tag. Its place (table,
/// id, field) is bound into the tag: the text opens nowhere else.
///
/// ```swift
/// let box = SecretBox(try KeyRing.load(orCreateAt: "keys"))
/// let sealed = try box.seal("hunter2", for: SecretPlace(table: "connection", id: "smtp", field: "password"))
/// ```
public struct SecretBox: SecretSealing {
    private static let version = "v1"
    private let keys: KeyRing

    /// Seals with the first key of a ring and opens with all of them.
    public init(_ keys: KeyRing) {
        self.keys = keys
    }

    public func seal(_ secret: String, for place: SecretPlace) throws(SecretError) -> String {
        let key = keys.sealing
        let nonce = Sodium.randomBytes(Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES))
        let label = associatedData(place, keyID: key.id)
        let message = Array(secret.utf8)
        var sealed = [UInt8](
            repeating: 0, count: message.count + Int(crypto_aead_xchacha20poly1305_ietf_ABYTES))
        var count: UInt64 = 0
        crypto_aead_xchacha20poly1305_ietf_encrypt(
            &sealed, &count, message, UInt64(message.count), label, UInt64(label.count), nil, nonce, key.bytes
        )
        return "\(Self.version).\(key.id).\(Sodium.base64(nonce + sealed))"
    }

    public func open(_ sealed: String, for place: SecretPlace) throws(SecretError) -> String {
        let (keyID, bytes) = try parts(of: sealed, place)
        guard let key = keys.key(keyID) else { throw .unknownKey(keyID, place) }
        let nonceCount = Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
        guard bytes.count >= nonceCount + Int(crypto_aead_xchacha20poly1305_ietf_ABYTES) else {
            throw .notSealed(place)
        }
        let nonce = Array(bytes[..<nonceCount])
        let message = Array(bytes[nonceCount...])
        let label = associatedData(place, keyID: keyID)
        var opened = [UInt8](repeating: 0, count: message.count)
        var count: UInt64 = 0
        let code = crypto_aead_xchacha20poly1305_ietf_decrypt(
            &opened, &count, nil, message, UInt64(message.count), label, UInt64(label.count), nonce, key.bytes
        )
        guard code == 0 else { throw .tampered(place) }
        defer { sodium_memzero(&opened, opened.count) }
        return String(decoding: opened[..<Int(count)], as: UTF8.self)
    }

    /// Whether a sealed text should be sealed anew, as its key is not the first of the ring any more.
    public func isOutdated(_ sealed: String) -> Bool {
        !sealed.hasPrefix("\(Self.version).\(keys.sealing.id).")
    }

    private func parts(of sealed: String, _ place: SecretPlace) throws(SecretError) -> (String, [UInt8]) {
        let parts = sealed.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == Self.version, let bytes = Sodium.bytes(ofBase64: String(parts[2]))
        else { throw .notSealed(place) }
        return (String(parts[1]), bytes)
    }

    /// Each part behind its length: no two places give the same bytes.
    private func associatedData(_ place: SecretPlace, keyID: String) -> [UInt8] {
        [Self.version, keyID, place.table, place.id, place.field].flatMap { part in
            Array("\(part.utf8.count):".utf8) + Array(part.utf8)
        }
    }
}

/// Why a secret cannot be sealed or opened; no case ever holds the secret.
public enum SecretError: DagKitError, Equatable {
    case notSealed(SecretPlace)
    case unknownKey(String, SecretPlace)
    case tampered(SecretPlace)

    public var problem: String {
        switch self {
        case .notSealed(let place): "\(Self.name(place)) is not a sealed secret"
        case .unknownKey(let key, let place):
            "\(Self.name(place)) is sealed with key \"\(key)\", which is not in the key file"
        case .tampered(let place): "\(Self.name(place)) was sealed elsewhere or changed since"
        }
    }

    public var remedy: String {
        switch self {
        case .unknownKey: "put that key back into the key file, or set the secret again"
        case .notSealed, .tampered: "set the secret again"
        }
    }

    private static func name(_ place: SecretPlace) -> String {
        "\(place.field) of \(place.table) \"\(place.id)\""
    }
}
