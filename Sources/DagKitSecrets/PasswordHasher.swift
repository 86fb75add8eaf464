import CSodium
public import DagKitCore
import DagKitSystem

/// Turns passwords into argon2id hashes and checks them.
///
/// A hash costs time and 64 MiB by intent, so that only a few are worked out at once and only some more may wait.
public actor PasswordHasher {
    private let atOnce: Int
    private let waiting: Int
    private var running = 0
    private var queue: [CheckedContinuation<Void, Never>] = []
    private let passes: UInt64
    private let memory: Int

    /// Creates a hasher.
    ///
    /// - Parameters:
    ///   - atOnce: How many hashes are worked out at the same time.
    ///   - waiting: How many more may wait before others are turned away.
    ///   - memory: The bytes that one hash takes; the default is for all but tests.
    public init(atOnce: Int = 2, waiting: Int = 32, passes: Int = 2, memory: Int = 64 << 20) {
        self.atOnce = atOnce
        self.waiting = waiting
        self.passes = UInt64(passes)
        self.memory = memory
    }

    /// The hash of a password, with its salt and costs in it.
    ///
    /// - Throws: ``PasswordError``.
    public func hash(_ password: String) async throws -> String {
        try Self.checkLength(password)
        let passes = passes
        let memory = memory
        return try await inTurn {
            guard Sodium.isReady else { throw PasswordError.noMemory }
            var text = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
            guard crypto_pwhash_str(&text, password, UInt64(password.utf8.count), passes, memory) == 0 else {
                throw PasswordError.noMemory
            }
            return Sodium.string(text)
        }
    }

    /// Whether a password is the one that was hashed.
    ///
    /// For a user that does not exist, pass ``decoy``: the answer then takes as long as for one that does.
    public func isPassword(_ password: String, of hash: String) async throws -> Bool {
        guard password.utf8.count <= Self.longest else { return false }
        return try await inTurn {
            Sodium.isReady && crypto_pwhash_str_verify(hash, password, UInt64(password.utf8.count)) == 0
        }
    }

    /// Whether a hash was made with other costs than those of today.
    public func isOutdated(_ hash: String) -> Bool {
        Sodium.isReady && crypto_pwhash_str_needs_rehash(hash, passes, memory) != 0
    }

    /// The hash of a password that nobody knows.
    public func decoy() async throws -> String {
        try await hash(SecretToken().text)
    }

    private static let longest = 128

    private static func checkLength(_ password: String) throws(PasswordError) {
        if password.isEmpty { throw .empty }
        if password.utf8.count > longest { throw .tooLong(limit: longest) }
    }

    private func inTurn<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        if running >= atOnce {
            guard queue.count < waiting else { throw PasswordError.busy }
            // Each turn lasts a fraction of a second and the queue is short: there is nothing to cancel.
            await withCheckedContinuation { queue.append($0) }
        } else {
            running += 1
        }
        defer { leave() }
        return try await Blocking.run(body)
    }

    /// Hands the turn to the next in the queue.
    private func leave() {
        if queue.isEmpty {
            running -= 1
        } else {
            queue.removeFirst().resume()
        }
    }
}

/// Why a password is not hashed.
public enum PasswordError: DagKitError, Equatable {
    case empty
    case tooLong(limit: Int)
    case busy
    case noMemory

    public var problem: String {
        switch self {
        case .empty: "the password is empty"
        case .tooLong(let limit): "the password has more than \"\(limit)\" bytes"
        case .busy: "too many log-ins wait already"
        case .noMemory: "there is no memory for hashing a password"
        }
    }

    public var remedy: String {
        switch self {
        case .empty, .tooLong: "choose another one"
        case .busy: "try again in a few seconds"
        case .noMemory: "free some memory"
        }
    }
}
