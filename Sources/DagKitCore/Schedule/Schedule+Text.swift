extension Schedule {
    /// The schedule as listings show it: the cron line or preset as it was written, `None` without one.
    public var text: String {
        switch self {
        case .cron(let line, _), .cronTrigger(let line, _, _): line
        case .cronTriggers(let lines, _, _): lines.joined(separator: ", ")
        case .every, .calendar, .events: description
        case .once: "@once"
        case .continuous: "@continuous"
        case .none: "None"
        case .assets: "Asset"
        case .assetsOrTime(_, let time): "Asset or \(time.text)"
        }
    }
}
