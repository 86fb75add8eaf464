/// What becomes of the runs whose time has passed while nobody created them.
///
/// It may be written as Airflow's Bool: `true` is ``all``, `false` is ``latest``.
public enum Catchup: String, Hashable, Sendable, Codable, CaseIterable, ExpressibleByBooleanLiteral {
    /// None is created: the first run is one whose time comes after the DAG was created or unpaused.
    case skip
    /// The latest is created, at once.
    case latest
    /// Every one is created, in order.
    case all

    public init(booleanLiteral value: Bool) { self = value ? .all : .latest }
}
