import DagKitCore
import DagKitSecrets
import Glibc
import Testing

@Suite struct KeyRingTests {
    private let place = SecretPlace(table: "variable", id: "key", field: "val")

    @Test func `a missing key file is made for its owner alone`() throws {
        let folder = try TemporaryFolder()

        _ = try KeyRing.load(orCreateAt: folder.path("deep/keys"))

        var status = stat()
        stat(folder.path("deep/keys"), &status)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `what one process seals, the next one opens`() throws {
        let folder = try TemporaryFolder()
        let first = SecretBox(try KeyRing.load(orCreateAt: folder.path("keys")))
        let sealed = try first.seal("hunter2", for: place)

        let second = SecretBox(try KeyRing.load(orCreateAt: folder.path("keys")))

        #expect(try second.open(sealed, for: place) == "hunter2")
    }

    @Test func `several first starts at once agree on one key`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("keys")

        let ids = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<16 { group.addTask { try KeyRing.load(orCreateAt: path).ids } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }

        #expect(ids.count == 1)
    }

    @Test func `a key file that others can read is refused`() throws {
        let folder = try TemporaryFolder()
        _ = try KeyRing.load(orCreateAt: folder.path("keys"))
        chmod(folder.path("keys"), 0o640)

        #expect(throws: KeyRingError.openToOthers(folder.path("keys"))) {
            try KeyRing.load(orCreateAt: folder.path("keys"))
        }
    }

    @Test func `a rotated ring survives its file`() throws {
        let folder = try TemporaryFolder()
        let ring = try KeyRing.load(orCreateAt: folder.path("keys")).rotated()

        try ring.save(to: folder.path("keys"))

        #expect(try KeyRing.load(folder.path("keys")).ids == ring.ids)
        #expect(ring.ids.count == 2)
        #expect(ring.withoutOldKeys().ids == [ring.ids[0]])
    }

    @Test(arguments: [("# nothing\n", 0), ("0123abcd AAAA", 1), ("\n\nsolo", 3)])
    func `a broken key file is refused with its line`(text: String, line: Int) {
        let expected: KeyRingError = line == 0 ? .noKey(source: "keys") : .badLine(line, source: "keys")

        #expect(throws: expected) { try KeyRing(text: text, source: "keys") }
    }
}
