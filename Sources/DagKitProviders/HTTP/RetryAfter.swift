public import FoundationEssentials

/// What a server asks for with `Retry-After`: a delay in seconds, or a date.
///
/// ```swift
/// RetryAfter("120")?.delay(from: now)                            // 120 seconds
/// RetryAfter("Sun, 06 Nov 1994 08:49:37 GMT")?.delay(from: now)  // zero: that is past
/// ```
public enum RetryAfter: Hashable, Sendable {
    case delay(Duration)
    case date(Date)

    /// Reads the value of the header field; `nil` if it is neither form.
    public init?(_ text: String) {
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // More digits than this are beyond any cap.
            self = .delay(.seconds(Int64(text.prefix(9)) ?? 0))
        } else if let date = HTTPDate.parse(text) {
            self = .date(date)
        } else {
            return nil
        }
    }

    /// How long to wait from `now` on, at most `cap`; zero if the date is past.
    public func delay(from now: Date, cap: Duration = .seconds(900)) -> Duration {
        switch self {
        case .delay(let delay): return min(delay, cap)
        case .date(let date):
            let seconds = date.timeIntervalSince(now)
            guard seconds > 0 else { return .zero }
            return min(.seconds(min(seconds, 1e9)), cap)
        }
    }
}
