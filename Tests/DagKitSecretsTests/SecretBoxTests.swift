import DagKitCore
import DagKitSecrets
import Testing

@Suite struct SecretBoxTests {
    private let place = SecretPlace(table: "connection", id: "smtp_default", field: "password")

    @Test(arguments: ["hunter2", "", "pässwörd 🔑", String(repeating: "x", count: 100_000)])
    func `a sealed secret opens to what it was`(secret: String) throws {
        let box = SecretBox(KeyRing())

        #expect(try box.open(try box.seal(secret, for: place), for: place) == secret)
    }

    @Test func `a sealed text names its version and key and hides the secret`() throws {
        let keys = KeyRing()

        let sealed = try SecretBox(keys).seal("hunter2", for: place)

        #expect(sealed.hasPrefix("v1.\(keys.ids[0])."))
        #expect(!sealed.contains("hunter2"))
    }

    @Test func `sealing twice gives two texts`() throws {
        let box = SecretBox(KeyRing())

        #expect(try box.seal("hunter2", for: place) != box.seal("hunter2", for: place))
    }

    @Test(arguments: [
        SecretPlace(table: "variable", id: "smtp_default", field: "password"),
        SecretPlace(table: "connection", id: "smtp_defaul", field: "tpassword"),
        SecretPlace(table: "connection", id: "smtp_default", field: "extra"),
    ])
    func `a sealed text opens in its own place only`(other: SecretPlace) throws {
        let box = SecretBox(KeyRing())
        let sealed = try box.seal("hunter2", for: place)

        #expect(throws: SecretError.tampered(other)) { try box.open(sealed, for: other) }
    }

    @Test func `a changed text does not open`() throws {
        let box = SecretBox(KeyRing())
        let sealed = try box.seal("hunter2", for: place)
        let middle = sealed.index(sealed.startIndex, offsetBy: 30)
        let changed = sealed.replacingCharacters(at: middle, with: sealed[middle] == "A" ? "B" : "A")

        #expect(throws: SecretError.tampered(place)) { try box.open(changed, for: place) }
    }

    @Test(arguments: ["", "hunter2", "v1.ab", "v2.ab.AAAA", "v1.00000000.!!"])
    func `a text that is no seal is refused`(text: String) {
        let box = SecretBox(KeyRing())

        #expect(throws: SecretError.notSealed(place)) { try box.open(text, for: place) }
    }

    @Test func `a text of an unknown key names the key and not the secret`() throws {
        let other = KeyRing()
        let sealed = try SecretBox(other).seal("hunter2", for: place)

        let error = #expect(throws: SecretError.self) { try SecretBox(KeyRing()).open(sealed, for: place) }

        #expect(error == .unknownKey(other.ids[0], place))
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func `after a rotation old texts still open and new ones use the new key`() throws {
        let old = KeyRing()
        let sealed = try SecretBox(old).seal("hunter2", for: place)

        let box = SecretBox(old.rotated())

        #expect(try box.open(sealed, for: place) == "hunter2")
        #expect(box.isOutdated(sealed))
        #expect(try !box.isOutdated(box.seal("hunter2", for: place)))
    }
}

extension String {
    fileprivate func replacingCharacters(at index: Index, with character: Character) -> String {
        self[..<index] + String(character) + self[self.index(after: index)...]
    }
}
