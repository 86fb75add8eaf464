/// A line of the report.
enum Finding {
    case throughput(Throughput)
    case figure(String, String)
}

/// What some tasks took, from the trigger to the verdict on their runs.
struct Throughput {
    let name: String
    let tasks: Int
    let wall: Double

    /// Processor time of the whole process tree, in seconds.
    let cpu: Double

    /// How many transactions the scheduler committed.
    let commits: Int?

    /// The disk's own time for 4 KiB, measured just before, in milliseconds.
    let diskTime: Double?
    let durability: String

    static let header = """
        | scenario | tasks | wall ms | tasks/s | CPU µs per task | commits per task | fsync ms | durability |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |
        """

    var row: String {
        let count = Double(max(tasks, 1))
        let cells = [
            name, "\(tasks)", fixed(wall * 1000, 1), fixed(count / max(wall, 1e-9), 0),
            fixed(cpu / count * 1e6, 1),
            commits.map { fixed(Double($0) / count, 2) } ?? "–", diskTime.map { fixed($0, 2) } ?? "–",
            durability,
        ]
        return "| \(cells.joined(separator: " | ")) |"
    }
}
