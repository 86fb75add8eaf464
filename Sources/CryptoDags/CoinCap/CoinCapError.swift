public import DagKit

/// Why CoinCap gave no usable snapshot.
///
/// The texts never hold the API key: it travels in a header, which nothing here sees.
public enum CoinCapError: DagKitError, Equatable {
    /// No connection, no answer in time, or a broken one.
    case unreachable(host: String, reason: String)
    case serverFailure(status: Int, body: String)
    case rateLimited(retryAfter: Duration?)
    /// The address is that of v2, which is no more.
    case retired
    case missingKey
    case keyRejected
    /// The plan or its credits are used up; `usage` is our own count, if there is one.
    case planLimit(status: Int, usage: CreditUsage?)
    case badRequest(body: String, query: String)
    case notFound(address: String)
    case unexpectedStatus(Int, body: String)
    case unexpectedBody(contentType: String, opening: String, cause: String)
    case noAssets
    /// Our own guard stops before the call is made.
    case creditsSpent(CreditUsage)
    /// A past interval cannot be fetched live.
    case backfill(runID: String)

    public var problem: String {
        switch self {
        case .unreachable(let host, let reason): "CoinCap unreachable (\(reason) to \"\(host)\")"
        case .serverFailure(let status, let body):
            "CoinCap failed with status \"\(status)\"\(Self.said(body))"
        case .rateLimited: "CoinCap rate limit (\"429\")"
        case .retired: "this URL is CoinCap \"v2\", retired on 31 March 2025"
        case .missingKey: "CoinCap needs an API key and \"coincap_api_key\" is not set"
        case .keyRejected: "CoinCap rejected the API key (\"401\")"
        case .planLimit(let status, let usage):
            "CoinCap plan or credit limit (\"\(status)\")\(usage.map { ", \($0)" } ?? "")"
        case .badRequest(let body, let query): "CoinCap refused \"\(query)\"\(Self.said(body))"
        case .notFound(let address): "CoinCap has nothing at \"\(address)\" (404)"
        case .unexpectedStatus(let status, let body):
            "CoinCap answered with status \"\(status)\"\(Self.said(body))"
        case .unexpectedBody(let contentType, let opening, let cause):
            "answer is not the expected JSON: content-type \(contentType), first bytes \"\(opening)\" (\(cause))"
        case .noAssets: "CoinCap returned no asset (\"data\" is empty)"
        case .creditsSpent(let usage): "the CoinCap credits of this month are spent: \(usage)"
        case .backfill(let runID): "run \"\(runID)\" stands for the past, which a live fetch cannot give"
        }
    }

    public var remedy: String {
        switch self {
        case .unreachable: "check the network and coincap_url"
        case .serverFailure: "wait for CoinCap to recover"
        case .rateLimited: "wait, or run the pipeline less often"
        case .retired: "set coincap_url to https://rest.coincap.io/v3 and provide COINCAP_API_KEY"
        case .missingKey:
            "run dagctl variables set coincap_api_key --secret, or set crypto.source to generated:1"
        case .keyRejected:
            "get a key at pro.coincap.io and run: dagctl variables set coincap_api_key --secret"
        case .planLimit: "wait for the next period or raise the plan at pro.coincap.io"
        case .badRequest: "correct the query"
        case .notFound: "set coincap_url to https://rest.coincap.io/v3"
        case .unexpectedStatus: "check coincap_url"
        case .unexpectedBody: "check coincap_url and any proxy on the way"
        case .noAssets: "try again later"
        case .creditsSpent: "wait for the next month or raise crypto.credit_limit"
        case .backfill: "trigger a run without a logical date; it fetches and is stamped now"
        }
    }

    /// When, if at all, the same call may be made again.
    public var retry: CoinCapRetry {
        switch self {
        case .unreachable, .serverFailure: .backOff
        case .rateLimited(let retryAfter?): .after(min(retryAfter, CoinCapRetry.longestWait))
        case .rateLimited(nil): .slowBackOff
        case .unexpectedBody, .noAssets: .once
        case .retired, .missingKey, .keyRejected, .planLimit, .badRequest, .notFound, .unexpectedStatus,
            .creditsSpent, .backfill:
            .never
        }
    }

    /// Whether waiting may mend it, so that the task may be retried.
    public var isTransient: Bool {
        switch retry {
        case .backOff, .slowBackOff, .after: true
        case .once, .never: false
        }
    }

    private static func said(_ body: String) -> String { body.isEmpty ? "" : ": \"\(body)\"" }
}

/// When a failed call to CoinCap may be made again.
public enum CoinCapRetry: Hashable, Sendable {
    /// After one second, doubled from try to try.
    case backOff
    /// After 30 seconds, doubled from try to try: CoinCap asked for calm, and did not say how long.
    case slowBackOff
    /// After the time that CoinCap named.
    case after(Duration)
    /// A single time.
    case once
    case never

    /// The longest that is waited between two tries.
    public static let longestWait: Duration = .seconds(900)
}

/// How many credits of a month are used, by our own count.
public struct CreditUsage: Hashable, Sendable, CustomStringConvertible {
    /// The credits used so far.
    public let used: Int

    /// The credits of a month.
    public let limit: Int

    /// The share in % from which on the user should know.
    public let warning: Int

    /// 80 %.
    public static let standardWarning = 80

    /// Creates a count.
    public init(used: Int, limit: Int, warning: Int = CreditUsage.standardWarning) {
        self.used = used
        self.limit = limit
        self.warning = warning
    }

    /// Whether so much is used that the user should know.
    public var isNearlySpent: Bool { used * 100 >= limit * warning }

    /// Whether no credit is left.
    public var isSpent: Bool { used >= limit }

    public var description: String { "used \"\(used)\" of \(limit) credits this month (our count)" }
}
