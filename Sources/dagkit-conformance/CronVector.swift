import DagKitCore
import FoundationEssentials

/// The instants at which a cron line is due.
struct CronVector: Vector {
    static let format = "cron-cases/1"

    let id: String
    let expr: String
    let timezone: String
    let start: String
    let valid: Bool
    let reason: String?
    let next: [String]?
    let alt_next: [String]?

    func mismatch(zones: SystemZones) throws -> Mismatch? {
        guard valid else { return refusalMismatch(zones: zones) }
        let cron = try CronExpression(expr)
        let zone = try zones.rules(named: timezone)
        var instant = try Date(isoText: start)
        var fires: [String] = []
        while fires.count < 5, let next = cron.next(after: instant, in: zone) {
            fires.append(next.vectorText)
            instant = next
        }
        guard fires != next, fires != alt_next else { return nil }
        return Mismatch(expected: "\(next ?? [])", got: "\(fires)")
    }

    private func refusalMismatch(zones: SystemZones) -> Mismatch? {
        guard (try? CronExpression(expr)) != nil, (try? zones.rules(named: timezone)) != nil else {
            return nil
        }
        return Mismatch(expected: "a refusal (\(reason ?? "no reason"))", got: "a cron line in a time zone")
    }
}
