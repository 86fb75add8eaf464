extension String {
    /// The text with the password of each URL in it masked: `postgres://etl:***@db/prices`.
    ///
    /// It hides passwords that nobody registered, in texts such as the error of a driver.
    package var withMaskedURLPasswords: String {
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let mark = rest.indices.first(where: { rest[$0...].starts(with: "://".utf8) }) {
            bytes += rest[..<(mark + 3)]
            rest = rest[(mark + 3)...]
            let authority = rest.prefix { !Self.authorityEnds.contains($0) }
            guard let at = authority.lastIndex(of: UInt8(ascii: "@")),
                let colon = authority[..<at].firstIndex(of: UInt8(ascii: ":"))
            else { continue }
            bytes += authority[...colon] + Array("***".utf8)
            rest = rest[at...]
        }
        return String(decoding: bytes + rest, as: UTF8.self)
    }

    private static let authorityEnds = Array("/?#\"'<>` \t\r\n".utf8)
}
