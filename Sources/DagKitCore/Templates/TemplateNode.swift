/// A parsed expression with its place.
struct TemplateNode: Hashable, Sendable {
    let kind: Kind
    let place: TemplateLocation

    /// What an expression is made of.
    indirect enum Kind: Hashable, Sendable {
        case literal(JSONValue)
        case list([TemplateNode])
        case name(TemplateName)
        case member(TemplateNode, String)
        case index(TemplateNode, TemplateNode)
        case call(TemplateNode, method: String, [TemplateArgument])
        case filter(TemplateNode, TemplateFilter, [TemplateArgument])
    }

    /// The expression as messages show it: `params.x`.
    var text: String {
        switch kind {
        case .literal(let value): value.text
        case .list: "[…]"
        case .name(let name): name.rawValue
        case .member(let owner, let name): "\(owner.text).\(name)"
        case .index(let owner, let index): "\(owner.text)[\(index.text)]"
        case .call(let owner, let method, _): "\(owner.text).\(method)(…)"
        case .filter(let input, let filter, _): "\(input.text) | \(filter.rawValue)"
        }
    }
}

/// An argument of a call or filter.
struct TemplateArgument: Hashable, Sendable {
    let label: String?
    let value: TemplateNode
}

/// The names that an expression may start with.
enum TemplateName: String, CaseIterable, Sendable {
    case ds, ts, conn, dag, macros, notice, params, task, ti
    case dsNoDash = "ds_nodash"
    case tsNoDash = "ts_nodash"
    case tsNoDashWithTZ = "ts_nodash_with_tz"
    case logicalDate = "logical_date"
    case executionDate = "execution_date"
    case dataIntervalStart = "data_interval_start"
    case dataIntervalEnd = "data_interval_end"
    case yesterday = "yesterday_ds"
    case yesterdayNoDash = "yesterday_ds_nodash"
    case tomorrow = "tomorrow_ds"
    case tomorrowNoDash = "tomorrow_ds_nodash"
    case runID = "run_id"
    case dagRun = "dag_run"
    case taskInstance = "task_instance"
    case taskInstanceKey = "task_instance_key_str"
    case variables = "var"
    case triggeringAssetEvents = "triggering_asset_events"
    /// Airflow 2's name for the same.
    case triggeringDatasetEvents = "triggering_dataset_events"

    /// What to write in place of names that Airflow has, or that people expect.
    private static let replacements = [
        "dag_id": "dag.dag_id", "task_id": "task.task_id", "try_number": "ti.try_number",
        "map_index": "ti.map_index", "conf": "dag_run.conf", "next_ds": "data_interval_end | ds",
        "next_ds_nodash": "data_interval_end | ds_nodash", "next_execution_date": "data_interval_end",
        "prev_ds": "data_interval_start | ds", "prev_ds_nodash": "data_interval_start | ds_nodash",
        "prev_execution_date": "data_interval_start",
    ]

    /// The valid expression that somebody who wrote `name` probably meant.
    static func nearest(to name: String) -> String? {
        replacements[name] ?? NearMiss.nearest(to: name, among: allCases.map(\.rawValue))
    }
}
