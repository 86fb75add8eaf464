@_exported public import DagKitCore
@_exported public import DagKitSQL
