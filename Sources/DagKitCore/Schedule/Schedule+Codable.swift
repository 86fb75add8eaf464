import FoundationEssentials

/// In JSON a schedule is what Airflow's users write: `"*/30 * * * *"`, `"@once"`, `null`; what needs more is an
/// object, `{"cron": "0 8 * * *", "timezone": "Europe/Paris"}`, `{"every": 1800}` in seconds, or
/// `{"assets": {"any": ["s3://market/prices"]}, "or": "@daily"}`.
extension Schedule: Codable {
    private enum Key: String, CodingKey {
        case cron
        case cronTrigger = "cron_trigger"
        case cronTriggers = "cron_triggers"
        case timeZone = "timezone"
        case interval, every, calendar, events
        case restrictsManualRuns = "restrict_to_events"
        case assets
        case orTime = "or"
    }

    public init(from decoder: any Decoder) throws {
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            self = .none
        } else if let text = try? single.decode(String.self) {
            self.init(text: text)
        } else {
            self = try Self.decode(decoder.container(keyedBy: Key.self))
        }
    }

    private static func decode(_ fields: KeyedDecodingContainer<Key>) throws -> Schedule {
        if let condition = try fields.decodeIfPresent(AssetCondition.self, forKey: .assets) {
            guard let time = try fields.decodeIfPresent(Schedule.self, forKey: .orTime) else {
                return .assets(condition)
            }
            return .assetsOrTime(condition, time)
        }
        let zone = try fields.decodeIfPresent(String.self, forKey: .timeZone)
        if let text = try fields.decodeIfPresent(String.self, forKey: .cron) {
            return Schedule(text: text, timeZone: zone)
        }
        if let text = try fields.decodeIfPresent(String.self, forKey: .cronTrigger) {
            let seconds = try fields.decodeIfPresent(Double.self, forKey: .interval) ?? 0
            return .cronTrigger(text, timeZone: zone, interval: try span(seconds, .interval, fields))
        }
        if let texts = try fields.decodeIfPresent([String].self, forKey: .cronTriggers) {
            let seconds = try fields.decodeIfPresent(Double.self, forKey: .interval) ?? 0
            return .cronTriggers(texts, timeZone: zone, interval: try span(seconds, .interval, fields))
        }
        if let seconds = try fields.decodeIfPresent(Double.self, forKey: .every) {
            return .every(try span(seconds, .every, fields))
        }
        if let step = try fields.decodeIfPresent(CalendarStep.self, forKey: .calendar) {
            return .calendar(step)
        }
        let texts = try fields.decode([String].self, forKey: .events)
        let restricts = try fields.decodeIfPresent(Bool.self, forKey: .restrictsManualRuns) ?? false
        return .events(try texts.map { try Date(isoText: $0) }, restrictsManualRuns: restricts)
    }

    /// Seconds that a ``Duration`` can hold; to the microsecond.
    private static func span(
        _ seconds: Double, _ key: Key, _ fields: KeyedDecodingContainer<Key>
    ) throws -> Duration {
        guard seconds.magnitude < 1e9 else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: fields, debugDescription: "\"\(seconds)\" seconds are no span of a schedule")
        }
        return .microseconds(Int64((seconds * 1_000_000).rounded()))
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .cron(let text, nil): try encodeText(text, encoder)
        case .once: try encodeText("@once", encoder)
        case .continuous: try encodeText("@continuous", encoder)
        case .none:
            var single = encoder.singleValueContainer()
            try single.encodeNil()
        default:
            var fields = encoder.container(keyedBy: Key.self)
            try encodeFields(&fields)
        }
    }

    private func encodeText(_ text: String, _ encoder: any Encoder) throws {
        var single = encoder.singleValueContainer()
        try single.encode(text)
    }

    private func encodeFields(_ fields: inout KeyedEncodingContainer<Key>) throws {
        switch self {
        case .cron(let text, let zone):
            try fields.encode(text, forKey: .cron)
            try fields.encodeIfPresent(zone, forKey: .timeZone)
        case .cronTrigger(let text, let zone, let interval):
            try fields.encode(text, forKey: .cronTrigger)
            try fields.encodeIfPresent(zone, forKey: .timeZone)
            if interval != .zero { try Self.encode(interval, .interval, &fields) }
        case .cronTriggers(let texts, let zone, let interval):
            try fields.encode(texts, forKey: .cronTriggers)
            try fields.encodeIfPresent(zone, forKey: .timeZone)
            if interval != .zero { try Self.encode(interval, .interval, &fields) }
        case .every(let duration): try Self.encode(duration, .every, &fields)
        case .calendar(let step): try fields.encode(step, forKey: .calendar)
        case .events(let events, let restricts):
            try fields.encode(events.map(\.isoText), forKey: .events)
            if restricts { try fields.encode(true, forKey: .restrictsManualRuns) }
        case .assets(let condition): try fields.encode(condition, forKey: .assets)
        case .assetsOrTime(let condition, let time):
            try fields.encode(condition, forKey: .assets)
            try fields.encode(time, forKey: .orTime)
        case .once, .continuous, .none: break
        }
    }

    /// Whole seconds as an integer, so that they read `1800` and not `1800.0`.
    private static func encode(
        _ span: Duration, _ key: Key, _ fields: inout KeyedEncodingContainer<Key>
    ) throws {
        let microseconds = span.microseconds
        if microseconds % 1_000_000 == 0 {
            try fields.encode(microseconds / 1_000_000, forKey: key)
        } else {
            try fields.encode(Double(microseconds) / 1_000_000, forKey: key)
        }
    }
}
