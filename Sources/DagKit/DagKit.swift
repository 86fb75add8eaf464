@_exported public import DagKitCore
@_exported public import DagKitProviders
@_exported public import DagKitRuntime
@_exported public import DagKitSQL
@_exported public import DagKitSQLite
@_exported public import DagKitStore
