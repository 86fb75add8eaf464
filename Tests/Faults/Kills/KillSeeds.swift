import FoundationEssentials

/// Which seeds the random tests play: three, or those that `DAGKIT_KILL_SEEDS` names (`7`, `7,8`, `1-100`).
enum KillSeeds {
    static var all: [UInt64] {
        guard let text = ProcessInfo.processInfo.environment["DAGKIT_KILL_SEEDS"] else { return [1, 2, 3] }
        return text.split(separator: ",").flatMap { part -> [UInt64] in
            let ends = part.split(separator: "-").compactMap { UInt64($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [] }
            return Array(first...last)
        }
    }
}
