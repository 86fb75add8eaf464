public import FoundationEssentials
import Synchronization

extension InMemoryStore {
    public func notices(dueBy instant: Date, limit: Int) async throws -> [Notice] {
        contents.withLock { contents in
            let due = contents.notices.values.filter { $0.state == .pending && $0.dueAt <= instant }
            let queues = Dictionary(grouping: due.map(\.notice), by: \.caller).values
            let placed = queues.flatMap { queue in
                queue.sorted { ($0.failures, $0.number) < ($1.failures, $1.number) }.enumerated()
            }
            return placed.sorted {
                ($0.offset, $0.element.failures, $0.element.number)
                    < ($1.offset, $1.element.failures, $1.element.number)
            }.prefix(limit).map(\.element)
        }
    }

    public func nextNoticeAt() async throws -> Date? {
        contents.withLock { $0.notices.values.filter { $0.state == .pending }.map(\.dueAt).min() }
    }

    public func settle(_ notice: Notice, _ outcome: NoticeOutcome, at now: Date) async throws {
        contents.withLock { contents in
            guard var kept = contents.notices[notice.number] else { return }
            switch outcome {
            case .delivered: (kept.state, kept.lastError) = (.delivered, nil)
            case .failed(let error): (kept.state, kept.lastError) = (.failed, error)
            case .postponed(let until, let error): (kept.dueAt, kept.lastError) = (until, error)
            }
            if outcome != .delivered { kept.notice.failures += 1 }
            kept.updatedAt = now
            contents.notices[notice.number] = kept
        }
    }

    public func notices(_ query: NoticeQuery) async throws -> [NoticeRecord] {
        contents.withLock { contents in
            let found = contents.notices.values.filter(query.matches)
            return found.sorted { $1.notice.number < $0.notice.number }.prefix(max(query.limit, 0)).map { $0 }
        }
    }

    public func pruneNotices(deliveredBefore instant: Date) async throws {
        contents.withLock { contents in
            contents.notices = contents.notices.filter { _, kept in
                kept.state != .delivered || kept.updatedAt >= instant
            }
        }
    }

    public func retryNotice(_ number: Int64, by actor: String, at now: Date) async throws -> Bool {
        contents.withLock { contents in
            guard var kept = contents.notices[number], kept.state != .delivered else { return false }
            (kept.state, kept.dueAt, kept.updatedAt, kept.notice.failures) = (.pending, now, now, 0)
            contents.notices[number] = kept
            contents.audit.append(kept.retry(by: actor, at: now))
            return true
        }
    }
}

extension NoticeRecord {
    /// The line of the audit log for a notice that somebody lets be delivered again.
    package func retry(by actor: String, at now: Date) -> AuditEntry {
        AuditEntry(
            at: now, event: "notice.retry", actor: actor, dagID: notice.run.dagID, runID: notice.run.runID,
            taskID: notice.task?.taskID, extra: ["number": .integer(notice.number)])
    }
}
