/// Where the rules of time zones come from: the system's database, or a test's files.
public protocol TimeZoneSource: Sendable {
    /// The bytes of the TZif file of zone `name`; `nil` if there is no such zone.
    ///
    /// It is called only with names that ``TimeZoneRules/isValidName(_:)`` accepts.
    func tzif(named name: String) throws -> [UInt8]?
}

extension TimeZoneSource {
    /// The rules of zone `name`; UTC is known without the source.
    ///
    /// - Throws: ``TimeZoneError``.
    public func rules(named name: String) throws(TimeZoneError) -> TimeZoneRules {
        if TimeZones.isUTC(name) { return .utc }
        guard TimeZoneRules.isValidName(name) else { throw .invalidName(name) }
        let bytes: [UInt8]?
        do {
            bytes = try tzif(named: name)
        } catch {
            throw .unreadable(name, reason: (error as? any DagKitError)?.problem ?? "\(error)")
        }
        guard let bytes else { throw .unknown(name) }
        return try TimeZoneRules(name: name, tzif: bytes)
    }
}

/// The rules of some time zones as a value, by name; UTC is always among them.
///
/// ```swift
/// let zones = TimeZones(loading: schedule.timeZoneNames, from: systemZones)
/// let timetable = try schedule.timetable(zones: zones)
/// ```
public struct TimeZones: Sendable {
    private var known: [String: TimeZoneRules]
    private var failures: [String: TimeZoneError]

    /// Creates a table of zones that are already at hand.
    public init(_ rules: [TimeZoneRules] = []) {
        known = Dictionary(rules.map { ($0.name, $0) }) { $1 }
        failures = [:]
    }

    /// Loads the zones of these names; a name that cannot be loaded throws its error when it is asked for.
    public init(loading names: some Sequence<String>, from source: some TimeZoneSource) {
        self.init()
        for name in Set(names) {
            do throws(TimeZoneError) {
                known[name] = try source.rules(named: name)
            } catch {
                failures[name] = error
            }
        }
    }

    /// The rules of zone `name`.
    ///
    /// - Throws: ``TimeZoneError``, ``TimeZoneError/unknown(_:)`` for a name that was never loaded.
    public func rules(named name: String) throws(TimeZoneError) -> TimeZoneRules {
        if Self.isUTC(name) { return .utc }
        if let rules = known[name] { return rules }
        guard TimeZoneRules.isValidName(name) else { throw .invalidName(name) }
        throw failures[name] ?? .unknown(name)
    }

    static func isUTC(_ name: String) -> Bool { name == "UTC" || name == "utc" || name == "Etc/UTC" }
}
