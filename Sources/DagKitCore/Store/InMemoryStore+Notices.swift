public import FoundationEssentials
import Synchronization

extension InMemoryStore {
    public func notices(dueBy instant: Date, limit: Int) async throws -> [Notice] {
        contents.withLock { contents in
            let due = contents.notices.values.filter { $0.dueAt <= instant }.sorted {
                $0.notice.number < $1.notice.number
            }
            return due.prefix(limit).map(\.notice)
        }
    }

    public func nextNoticeAt() async throws -> Date? {
        contents.withLock { $0.notices.values.map(\.dueAt).min() }
    }

    public func settle(_ notice: Notice, _ outcome: NoticeOutcome, at now: Date) async throws {
        contents.withLock { contents in
            guard case .postponed(let until, _) = outcome else {
                contents.notices[notice.number] = nil
                return
            }
            contents.notices[notice.number]?.notice.failures += 1
            contents.notices[notice.number]?.dueAt = until
        }
    }
}
