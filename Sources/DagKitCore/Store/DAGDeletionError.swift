/// Why a DAG cannot be deleted.
public enum DAGDeletionError: DagKitError, Equatable {
    /// So many of its attempts run: nobody would end them, and a new run could start beside them.
    case running(DAGID, attempts: Int)

    public var problem: String {
        switch self {
        case .running(let dag, 1): "an attempt of dag \"\(dag)\" runs"
        case .running(let dag, let count): "\(count) attempts of dag \"\(dag)\" run"
        }
    }

    public var remedy: String { "wait for their end, or end them with: dagctl dags mark DAG RUN failed" }
}
