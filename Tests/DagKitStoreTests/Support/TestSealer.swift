import DagKitCore

/// Seals by reversing the bytes and writing the place in front: enough to see whether sealing takes place.
struct TestSealer: SecretSealing {
    func seal(_ secret: String, for place: SecretPlace) throws -> String {
        "sealed:\(place.table)/\(place.id)/\(place.field):" + hex(secret.utf8.reversed())
    }

    func open(_ sealed: String, for place: SecretPlace) throws -> String {
        let prefix = "sealed:\(place.table)/\(place.id)/\(place.field):"
        guard sealed.hasPrefix(prefix) else { throw TestSealerError.wrongPlace }
        let digits = Array(sealed.dropFirst(prefix.count))
        let bytes = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0
        }
        return String(decoding: bytes.reversed(), as: UTF8.self)
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

enum TestSealerError: Error { case wrongPlace }
