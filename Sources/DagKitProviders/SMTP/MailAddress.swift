public import DagKitCore

/// A mailbox, with or without a name: `Data Team <team@example.org>`.
///
/// ```swift
/// let address = try MailAddress("Équipe Données <team@example.org>")
/// address.mailbox  // "team@example.org"
/// ```
public struct MailAddress: Hashable, Sendable, CustomStringConvertible {
    /// The name that readers see; `nil` for none.
    public let name: String?

    /// The address itself.
    public let mailbox: String

    /// Reads an address.
    ///
    /// - Throws: ``MailError/badAddress(_:)`` if it has not the form `user@host` or `Name <user@host>` in one line.
    public init(_ text: String) throws(MailError) {
        let trimmed = MailText.trimmed(text)
        guard let open = trimmed.lastIndex(of: "<"), trimmed.hasSuffix(">") else {
            try self.init(mailbox: trimmed)
            return
        }
        let mailbox = trimmed[trimmed.index(after: open)...].dropLast()
        var name = MailText.trimmed(String(trimmed[..<open]))
        if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") {
            name = MailText.unquoted(String(name.dropFirst().dropLast()))
        }
        try self.init(name: name.isEmpty ? nil : name, mailbox: String(mailbox), given: text)
    }

    /// Creates an address from its parts.
    ///
    /// - Throws: ``MailError/badAddress(_:)``.
    public init(name: String? = nil, mailbox: String) throws(MailError) {
        try self.init(name: name, mailbox: mailbox, given: mailbox)
    }

    private init(name: String?, mailbox: String, given: String) throws(MailError) {
        let halves = mailbox.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = mailbox.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"<>()[],;:\\\"".utf8.contains($0) }
        guard halves.count == 2, !halves[0].isEmpty, !halves[1].isEmpty, isPlain, mailbox.utf8.count <= 254,
            name?.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) != true
        else { throw .badAddress(given) }
        self.name = name
        self.mailbox = mailbox
    }

    /// Reads a list of addresses parted by commas or semicolons, as settings hold them.
    ///
    /// - Throws: ``MailError/badAddress(_:)``.
    public static func list(_ text: String) throws(MailError) -> [MailAddress] {
        var result: [MailAddress] = []
        for part in MailText.parts(of: text) { result.append(try MailAddress(part)) }
        return result
    }

    /// The address as one reads it: `Data Team <team@example.org>`.
    public var description: String { name.map { "\($0) <\(mailbox)>" } ?? mailbox }
}

/// Why a mail cannot be made.
public enum MailError: DagKitError, Equatable {
    case badAddress(String)
    case noRecipient

    public var problem: String {
        switch self {
        case .badAddress(let text): "\"\(text.prefix(200))\" is no mail address"
        case .noRecipient: "the mail has no recipient"
        }
    }

    public var remedy: String {
        switch self {
        case .badAddress: "write user@example.org or Name <user@example.org>, in ASCII but for the name"
        case .noRecipient: "name one in to, cc or bcc"
        }
    }
}
