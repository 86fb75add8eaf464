import DagKitSecrets
import Testing

@Suite struct PasswordHasherTests {
    private let hasher = PasswordHasher(passes: 1, memory: 1 << 20)

    @Test func `the right password is recognised and a wrong one is not`() async throws {
        let hash = try await hasher.hash("correct horse")

        #expect(hash.hasPrefix("$argon2id$"))
        #expect(try await hasher.isPassword("correct horse", of: hash))
        #expect(try await !hasher.isPassword("correct hors", of: hash))
    }

    @Test func `the same password has another hash each time`() async throws {
        let first = try await hasher.hash("correct horse")
        let second = try await hasher.hash("correct horse")

        #expect(first != second)
    }

    @Test func `more log-ins than may wait are turned away`() async throws {
        let hasher = PasswordHasher(atOnce: 1, waiting: 1, passes: 1, memory: 1 << 20)

        let refused = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<32 {
                group.addTask {
                    do {
                        _ = try await hasher.hash("correct horse")
                        return false
                    } catch {
                        return error as? PasswordError == .busy
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(refused > 0)
        #expect(try await hasher.hash("correct horse").hasPrefix("$argon2id$"))
    }

    @Test func `a password without end is not hashed`() async {
        await #expect(throws: PasswordError.tooLong(limit: 128)) {
            try await hasher.hash(String(repeating: "x", count: 129))
        }
    }

    @Test func `a hash of lower costs is outdated`() async throws {
        let hash = try await hasher.hash("correct horse")

        #expect(await PasswordHasher().isOutdated(hash))
        #expect(await !hasher.isOutdated(hash))
    }

    @Test func `tokens differ and compare by their whole text`() {
        let token = SecretToken()

        #expect(token.text.count == 43)
        #expect(token.text != SecretToken().text)
        #expect(token.hash == SecretToken.hash(of: token.text))
        #expect(SecretToken.areEqual(token.text, token.text))
        #expect(!SecretToken.areEqual(token.text, token.text + "x"))
    }
}
