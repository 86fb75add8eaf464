public import DagKitCore
public import DagKitSQL

// Ids and states are stored as their raw values.

extension DAGID: SQLConvertible {}
extension RunID: SQLConvertible {}
extension TaskID: SQLConvertible {}
extension AttemptID: SQLConvertible {}
extension RunState: SQLConvertible {}
extension RunType: SQLConvertible {}
extension TaskState: SQLConvertible {}
extension EndRequest: SQLConvertible {}
extension NoticeRecord.State: SQLConvertible {}
extension RunEvent.Kind: SQLConvertible {}
extension Backfill.Reprocessing: SQLConvertible {}
