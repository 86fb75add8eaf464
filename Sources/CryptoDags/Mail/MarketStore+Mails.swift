import DagKit
import DagKitSQL
import FoundationEssentials

/// Questions about mails that were made.
extension MarketStore {
    /// When the last mail of a kind was made; `nil` if there was none.
    func lastMail(_ kind: CryptoMail.Kind) async throws -> Date? {
        let rows = try await database.query(
            "select max(created_at) from outbox where kind = \(kind.rawValue)")
        let text: String? = try rows.first?[0]
        return try text.map { try Date(isoText: $0) }
    }

    /// Whether a run made a mail of a kind.
    func hasMail(_ kind: CryptoMail.Kind, run: PipelineRun) async throws -> Bool {
        try await !database.query(
            """
            select 1 from outbox where kind = \(kind.rawValue) and dag_id = \(run.dagID) and run_id = \(run.runID)
            limit 1
            """
        ).isEmpty
    }
}
