import DagKitProviders
import FoundationEssentials

extension MailMessage {
    /// A mail of Sat, 25 Oct 2025 21:59:51 UTC.
    static func fixture(
        to: [String] = ["a@example.org"], subject: String = "Report", text: String = "All is well.\n",
        html: String? = nil
    ) throws -> MailMessage {
        MailMessage(
            from: try MailAddress("CryptoDags <bot@example.org>"), to: try to.map { try MailAddress($0) },
            subject: subject, text: text, html: html, messageID: "run-42@example.org",
            date: Date(timeIntervalSince1970: 1_761_429_591))
    }
}
