import DagKitSecrets
import DagKitSystem
import Testing

@Suite struct FileHashTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func `the hash of a file is the SHA-256 of its content`(content: String, hash: String) throws {
        let folder = try TemporaryFolder()
        try FileSystem.write(content.utf8, to: folder.path("file"))

        #expect(try FileHash.sha256(ofFile: folder.path("file")) == hash)
    }

    @Test func `a file longer than one read is hashed whole`() throws {
        let folder = try TemporaryFolder()
        try FileSystem.write([UInt8](repeating: 0x61, count: 1_000_000), to: folder.path("file"))

        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(try FileHash.sha256(ofFile: folder.path("file")) == expected)
    }

    @Test func `a file that is not there is named`() {
        let error = #expect(throws: SystemError.self) { try FileHash.sha256(ofFile: "/nowhere/file") }

        #expect(error?.problem.contains("/nowhere/file") == true)
    }
}
