public import FoundationEssentials

/// The clock of one IANA time zone: which offset from UTC holds at which instant.
///
/// A plain value, read once from the bytes of a TZif file; it opens no file itself.
///
/// ```swift
/// let paris = try TimeZoneRules(name: "Europe/Paris", tzif: bytes)
/// paris.offset(at: try Date(isoText: "2024-07-01"))  // 7200
/// TimeZoneRules.utc.offset(at: .distantFuture)       // 0
/// ```
public struct TimeZoneRules: Hashable, Sendable {
    /// The zone's IANA name.
    public let name: String

    /// The instants at which the offset changes, in seconds since the epoch, ascending.
    let transitions: [Int64]

    /// The offset from each transition on, in seconds east of UTC; as many as ``transitions``.
    let offsets: [Int]

    /// The offset before the first transition.
    let initialOffset: Int

    /// What holds after the last transition.
    let footer: POSIXTimeZone?

    /// Coordinated universal time, which every program knows without a file.
    public static let utc = TimeZoneRules(
        name: "UTC", transitions: [], offsets: [], initialOffset: 0, footer: nil)

    init(name: String, transitions: [Int64], offsets: [Int], initialOffset: Int, footer: POSIXTimeZone?) {
        self.name = name
        self.transitions = transitions
        self.offsets = offsets
        self.initialOffset = initialOffset
        self.footer = footer
    }

    /// Reads the rules of zone `name` from the bytes of its TZif file, version 2 or later.
    ///
    /// - Throws: ``TimeZoneError/invalidName(_:)`` or ``TimeZoneError/malformed(_:reason:)``.
    public init(name: String, tzif bytes: [UInt8]) throws(TimeZoneError) {
        guard Self.isValidName(name) else { throw .invalidName(name) }
        var reader = TZifReader(name: name, bytes: bytes)
        self = try reader.rules()
    }

    /// Whether `name` can be the name of a zone, and never the path of another file.
    public static func isValidName(_ name: String) -> Bool {
        guard (1...64).contains(name.utf8.count) else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part.utf8.first != UInt8(ascii: "-") && part.utf8.allSatisfy(isNameByte)
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// From instants to wall clocks and back.
extension TimeZoneRules {
    /// Seconds east of UTC at `instant`.
    public func offset(at instant: Date) -> Int {
        offset(atSeconds: instant.microsecondsSinceEpoch.flooredDivision(by: 1_000_000).quotient)
    }

    /// What a clock on a wall of this zone shows at `instant`.
    public func wallClock(at instant: Date) -> CivilDateTime {
        let microseconds = instant.microsecondsSinceEpoch
        return CivilDateTime(microsecondsSinceEpoch: microseconds + Int64(offset(at: instant)) * 1_000_000)
    }

    /// The instant at which a wall clock of this zone shows `reading`.
    ///
    /// A reading that comes twice gives its second instant; one that is skipped gives the instant later by
    /// the length of the gap. This is what Airflow does.
    public func instant(of reading: CivilDateTime) -> Date {
        let seconds = instant(ofWallSeconds: reading.secondsSinceEpoch)
        return Date(microseconds: seconds * 1_000_000 + Int64(reading.microsecond))
    }

    /// `2024-07-01T14:00:00+02:00`: `instant` as this zone's clocks show it, with the offset.
    public func isoText(of instant: Date) -> String {
        let offset = offset(at: instant)
        let shown = Date(microseconds: instant.microsecondsSinceEpoch + Int64(offset) * 1_000_000)
        let minutes = abs(offset) / 60
        let parts = [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return shown.isoText.dropLast(6) + (offset < 0 ? "-" : "+") + parts.joined(separator: ":")
    }

    func offset(atSeconds seconds: Int64) -> Int {
        let index = transitions.partitionPoint { $0 > seconds }
        guard index == transitions.count, let footer else {
            return index == 0 ? initialOffset : offsets[index - 1]
        }
        return footer.offset(atSeconds: seconds)
    }

    /// The first instant after `seconds` at which the offset changes.
    func nextTransition(after seconds: Int64) -> Int64? {
        let index = transitions.partitionPoint { $0 > seconds }
        if index < transitions.count { return transitions[index] }
        return footer?.transitions(around: seconds).first { $0.at > seconds }?.at
    }

    /// The last instant at or before `seconds` at which the offset changed.
    func previousTransition(atOrBefore seconds: Int64) -> Int64? {
        let index = transitions.partitionPoint { $0 > seconds }
        if index == transitions.count {
            let ruled = footer?.transitions(around: seconds).last { $0.at <= seconds }?.at
            if let ruled, ruled > transitions.last ?? .min { return ruled }
        }
        return index == 0 ? nil : transitions[index - 1]
    }

    /// The instant of a wall clock, both in seconds; repeated: the second one, skipped: moved on by the gap.
    func instant(ofWallSeconds wall: Int64) -> Int64 {
        // No zone is further than 26 h from UTC, so the answer lies in one of the segments of this window.
        var start = wall - 93_600
        var offset = Int64(offset(atSeconds: start))
        var answer = wall - offset
        while let end = nextTransition(after: start), end <= wall + 93_600 {
            let following = Int64(self.offset(atSeconds: end))
            // From `end` on the clock shows `end + following` and more. What it skipped keeps the old offset.
            if wall >= end + following { answer = wall - following }
            start = end
            offset = following
        }
        return answer
    }
}

/// Why the rules of a time zone cannot be had.
public enum TimeZoneError: DagKitError, Equatable {
    case invalidName(String)
    case unknown(String)
    case unreadable(String, reason: String)
    case malformed(String, reason: String)

    public var problem: String {
        switch self {
        case .invalidName(let name): "\"\(name.oneLine)\" is no name of a time zone"
        case .unknown(let name): "time zone \"\(name)\" does not exist"
        case .unreadable(let name, let reason):
            "cannot read the rules of time zone \"\(name)\": \(reason.oneLine)"
        case .malformed(let name, let reason): "the rules of time zone \"\(name)\" are damaged: \(reason)"
        }
    }

    public var remedy: String {
        switch self {
        case .invalidName, .unknown: "write an IANA name such as Europe/Paris"
        case .unreadable, .malformed: "reinstall the package tzdata or set TZDIR"
        }
    }
}

extension Array {
    /// The index of the first element that satisfies `isInSecondPart`, in an array that is parted by it.
    func partitionPoint(where isInSecondPart: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isInSecondPart(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension String {
    /// The text with control characters shown as blanks, so that a message stays on one line.
    var oneLine: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
    }
}
