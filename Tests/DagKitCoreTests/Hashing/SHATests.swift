import DagKitCore
import Testing

/// The examples of FIPS 180-4 and of NIST's validation suite.
@Suite struct SHATests {
    @Test(arguments: [
        (
            "", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        ),
        (
            "abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        ),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "a49b2446a02c645bf419f995b67091253a04a259",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func `the published examples come out`(text: String, sha1: String, sha256: String) {
        #expect(SHA1.hex(text) == sha1)
        #expect(SHA256.hex(text) == sha256)
    }

    @Test func `a million letters come out`() {
        let text = String(repeating: "a", count: 1_000_000)

        #expect(SHA1.hex(text) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
        #expect(SHA256.hex(text) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func `pieces of any length give the hash of the whole`() {
        let bytes = (0..<300).map { UInt8($0 % 251) }
        for length in [1, 3, 55, 56, 63, 64, 65, 127] {
            var hash = SHA256()
            for start in stride(from: 0, to: bytes.count, by: length) {
                hash.update(bytes[start..<min(start + length, bytes.count)])
            }

            let digest = hash.finalize()

            var whole = SHA256()
            whole.update(bytes)
            #expect(digest == whole.finalize() && digest.count == 32)
        }
    }
}
