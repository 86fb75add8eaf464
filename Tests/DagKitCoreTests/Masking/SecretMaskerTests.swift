import DagKitCore
import FoundationEssentials
import Testing

@Suite struct SecretMaskerTests {
    private func masked(_ text: String, _ secrets: String...) -> String {
        SecretMasker(SecretPatterns(secrets)).mask(text)
    }

    @Test func `a secret is masked wherever it stands`() {
        #expect(masked("key=s3cr3t-key, s3cr3t-key", "s3cr3t-key") == "key=***, ***")
        #expect(masked("nothing here", "s3cr3t-key") == "nothing here")
        #expect(masked("pässwörd→", "pässwörd") == "***→")
    }

    @Test func `a secret is masked in the forms that text formats give it`() {
        let secret = #"p@ss/w rd"é"#

        #expect(masked("u=p%40ss%2Fw%20rd%22%C3%A9&", secret) == "u=***&")
        #expect(masked("u=p%40ss%2fw%20rd%22%c3%a9&", secret) == "u=***&")
        #expect(masked("u=p%40ss%2Fw+rd%22%C3%A9&", secret) == "u=***&")
        #expect(masked("u=p%40ss/w%20rd%22%C3%A9&", secret) == "u=***&")
        #expect(masked(#"{"p":"p@ss/w rd\"é"}"#, secret) == #"{"p":"***"}"#)
        #expect(masked(#"{"p":"p@ss\/w rd\"\u00e9"}"#, secret) == #"{"p":"***"}"#)
    }

    @Test(arguments: 0..<9)
    func `no base64 of a text around a secret shows the secret`(prefix: Int) {
        let secret = "hunter2-hunter2"
        for suffix in 0..<4 {
            let text = String(repeating: "x", count: prefix) + secret + String(repeating: "~", count: suffix)
            let encoded = Data(text.utf8).base64EncodedString()
            let result = masked(encoded, secret)

            #expect(result.contains("***"))
            // At most the two characters at each border are left, which carry bits of the neighbours.
            #expect(result.count <= encoded.count - 18 + 3, "\(encoded) \(result)")
        }
    }

    @Test func `a value under six characters is not masked, and said not to be`() {
        var patterns = SecretPatterns()

        let (short, long) = (patterns.insert("12345"), patterns.insert("123456"))

        #expect(!short && long)
        #expect(SecretMasker(patterns).mask("12345 123456") == "12345 ***")
    }

    @Test func `overlapping secrets leave nothing of either`() {
        #expect(masked("xabcdefghiy", "abcdef", "defghi") == "x***y")
        #expect(masked("xabcdefghij", "abcdef", "abcdefgh") == "x***ij")
    }

    @Test func `a secret is masked without the line break of its file`() {
        #expect(masked("<s3cr3t-key>", "s3cr3t-key\n") == "<***>")
    }

    @Test func `only what may be a secret is held back`() {
        var masker = SecretMasker(SecretPatterns(["s3cr3t-key"]))

        #expect(masker.mask(Array("a line\n".utf8)) == Array("a line\n".utf8))
        #expect(masker.mask(Array("then s3c".utf8)) == Array("then ".utf8))
        #expect(masker.mask(Array("ond\n".utf8)) == Array("s3cond\n".utf8))
        #expect(masker.mask(Array("s3cr3t".utf8)) == [])
        #expect(masker.finish() == Array("s3cr3t".utf8))
        #expect(masker.finish() == [])
    }

    @Test func `a secret may be added while the stream runs`() {
        var masker = SecretMasker(SecretPatterns())
        let before = masker.mask(Array("s3cr3t-key ".utf8))
        masker.patterns.insert("s3cr3t-key")
        let after = masker.mask(Array("s3cr3t-key".utf8)) + masker.finish()

        #expect(String(decoding: before + after, as: UTF8.self) == "s3cr3t-key ***")
    }

    @Test func `chunks of any size give what the whole gives, and what a plain search gives`() {
        var generator = SplitMix(seed: 21)
        let secrets = ["ababab", "abababab", "bbaabb", "aaaaaaa", "cabcabcab"]
        for _ in 0..<400 {
            let text = (0..<120).map { _ in "abc".utf8.randomElement(using: &generator) ?? 97 }
            var masker = SecretMasker(SecretPatterns(secrets))
            var output: [UInt8] = []
            var start = 0
            while start < text.count {
                let end = min(start + Int.random(in: 1...17, using: &generator), text.count)
                output += masker.mask(text[start..<end])
                start = end
            }
            output += masker.finish()

            #expect(output == plainSearch(text, secrets), "\(String(decoding: text, as: UTF8.self))")
        }
    }

    /// Marks every byte of every occurrence, then writes stars for each marked stretch.
    private func plainSearch(_ text: [UInt8], _ secrets: [String]) -> [UInt8] {
        var isHidden = Array(repeating: false, count: text.count)
        for secret in secrets.map({ Array($0.utf8) }) {
            for start in 0...text.count - secret.count where text[start..<start + secret.count] == secret[...]
            {
                for index in start..<start + secret.count { isHidden[index] = true }
            }
        }
        var output: [UInt8] = []
        for (index, byte) in text.enumerated() {
            if !isHidden[index] {
                output.append(byte)
            } else if index == 0 || !isHidden[index - 1] {
                output += Array("***".utf8)
            }
        }
        return output
    }

    @Test(arguments: [
        ("postgres://etl:pw@db:5432/x", "postgres://etl:***@db:5432/x"),
        ("http://host/a:b@c", "http://host/a:b@c"),
        ("at \"amqp://u:p@ss@h\" and redis://:pw@h/0", "at \"amqp://u:***@h\" and redis://:***@h/0"),
        ("https://user@host", "https://user@host"), ("no url: a@b", "no url: a@b"), ("://:@", "://:***@"),
    ])
    func `passwords in URLs are masked without being known`(text: String, result: String) {
        #expect(text.withMaskedURLPasswords == result)
    }
}
