public import DagKitCore
import FoundationEssentials

/// Brings notices to those who want to be told.
public protocol NoticeCourier: Sendable {
    /// Delivers a notice.
    ///
    /// - Throws: ``NoticeRefusal`` if it will never be taken; `CancellationError` if nothing came of it; anything else
    ///   means that it is tried again.
    func deliver(_ notice: Notice) async throws

    /// Nothing is to be delivered for now: what is kept ready for it may go.
    func rest() async
}

extension NoticeCourier {
    public func rest() async {}
}

/// Thrown by a courier for a notice that will never be taken.
public struct NoticeRefusal: Error, Hashable, Sendable {
    public let reason: String

    public init(_ reason: String) { self.reason = reason }
}

/// Why a notice has to wait.
struct NoticeFailure: Error, Hashable, CustomStringConvertible {
    let reason: String

    /// When it may be tried again, if the notifier said so.
    let delay: Duration?
    var description: String { reason }
}

extension AttemptOutcome {
    /// Returns if the notice of the attempt was told.
    ///
    /// - Throws: ``NoticeRefusal`` or ``NoticeFailure``.
    func requireTold() throws {
        switch verdict {
        case .success, .skipped: return
        case .failed(let reason, isRetryable: false, _): throw NoticeRefusal(reason)
        case .failed(let reason, _, let delay): throw NoticeFailure(reason: reason, delay: delay)
        case .notStarted(let reason), .waiting(_, let reason): throw NoticeFailure(reason: reason, delay: nil)
        }
    }
}

extension SchedulerLog {
    /// A log for what a notifier writes.
    func logger(of notice: Notice) -> TaskLogger {
        let name = notice.receiver.name
        let subject = notice.subject
        return TaskLogger { level, text, place in self.write(level, "\(name) of \(subject): \(text)", place) }
    }
}
