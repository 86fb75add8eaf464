import DagKit
public import FoundationEssentials

/// Decides what an answer of CoinCap is: assets, or which failure.
public enum AnswerClassifier {
    /// The assets of an answer and the time of its data.
    ///
    /// - Parameter query: What was asked, without the key, for the message of a refusal.
    /// - Throws: ``CoinCapError``; an empty list is ``CoinCapError/noAssets`` on the first page only.
    public static func assets(
        of answer: RawAnswer, isFirstPage: Bool = true, query: String = "", address: String = "",
        usage: CreditUsage? = nil
    ) throws(CoinCapError) -> (assets: [RawAsset], timestamp: Date?) {
        if answer.status == 200 { return try assets(ofBody: answer, isFirstPage: isFirstPage) }
        throw failure(of: answer, query: query, address: address, usage: usage)
    }

    private static func assets(
        ofBody answer: RawAnswer, isFirstPage: Bool
    ) throws(CoinCapError) -> (assets: [RawAsset], timestamp: Date?) {
        let body: CoinCapBody
        do { body = try AssetScanner.scan(answer.body) } catch {
            throw unexpectedBody(answer, cause: error.problem)
        }
        switch body {
        case .assets(let assets, let timestamp):
            if assets.isEmpty, isFirstPage { throw .noAssets }
            let date = timestamp.flatMap { isPlausible($0) ? Date(microseconds: $0 * 1_000) : nil }
            return (assets, date)
        case .message(let text), .error(let text):
            if isRetirement(text) { throw .retired }
            throw unexpectedBody(answer, cause: "it says \"\(excerpt(text))\"")
        }
    }

    /// Years 2000 to 2100 in milliseconds: seconds or microseconds in their place are no time of the data.
    private static func isPlausible(_ milliseconds: Int64) -> Bool {
        (946_684_800_000...4_102_444_800_000).contains(milliseconds)
    }

    static func failure(
        of answer: RawAnswer, query: String, address: String, usage: CreditUsage?
    ) -> CoinCapError {
        let said = message(of: answer)
        switch answer.status {
        case 429: return isRetirement(said) ? .retired : .rateLimited(retryAfter: retryAfter(of: answer))
        case 400: return .badRequest(body: said, query: query)
        case 401: return .keyRejected
        case 402, 403: return .planLimit(status: answer.status, usage: usage)
        case 404, 410: return isRetirement(said) ? .retired : .notFound(address: address)
        case 408: return .unreachable(host: address, reason: "status 408")
        case 500...599: return .serverFailure(status: answer.status, body: said)
        default: return .unexpectedStatus(answer.status, body: said)
        }
    }

    private static func isRetirement(_ message: String) -> Bool {
        message.contains("deprecating this version") || message.contains("V3 API")
    }

    /// `Retry-After` in seconds, or as the time that remains until its date.
    static func retryAfter(of answer: RawAnswer) -> Duration? {
        guard let text = answer.headers["retry-after"] else { return nil }
        return RetryAfter(text)?.delay(from: answer.fetchedAt, cap: CoinCapRetry.longestWait)
    }

    /// What the body says, at most 300 characters on one line: CoinCap's own words or what a proxy wrote.
    private static func message(of answer: RawAnswer) -> String {
        switch try? AssetScanner.scan(answer.body) {
        case .message(let text), .error(let text): excerpt(text)
        case .assets, nil: excerpt(String(decoding: answer.body.prefix(2_000), as: UTF8.self))
        }
    }

    static func unexpectedBody(_ answer: RawAnswer, cause: String) -> CoinCapError {
        .unexpectedBody(
            contentType: answer.headers["content-type"] ?? "none",
            opening: excerpt(String(decoding: answer.body.prefix(200), as: UTF8.self), limit: 40),
            cause: cause)
    }

    private static func excerpt(_ text: String, limit: Int = 300) -> String {
        let printable = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) }
        let line = String(printable).split(separator: " ").joined(separator: " ")
        return String(line.prefix(limit))
    }
}
