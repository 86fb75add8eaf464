import DagKit
import FoundationEssentials
import Glibc

/// What a scenario took.
struct Measurement {
    let name: String
    let tasks: Int
    let wall: Double
    let cpu: Double

    /// The line of the table.
    var row: String {
        let perTask = tasks > 0 ? cpu / Double(tasks) * 1_000_000 : 0
        let rate = wall > 0 ? Double(tasks) / wall : 0
        return "| \(name) | \(tasks) | \(fixed(wall * 1000, 1)) | \(fixed(rate, 0)) | \(fixed(perTask, 0)) |"
    }
}

/// User and system time of this process and of its children that have ended, in seconds.
func cpuSeconds() -> Double {
    var total = 0.0
    for who in [RUSAGE_SELF, RUSAGE_CHILDREN] {
        var usage = rusage()
        getrusage(__rusage_who_t(who.rawValue), &usage)
        for time in [usage.ru_utime, usage.ru_stime] {
            total += Double(time.tv_sec) + Double(time.tv_usec) * 1e-6
        }
    }
    return total
}

/// A number with some decimals, without a formatter.
func fixed(_ value: Double, _ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int64((value * scale).rounded())
    if decimals == 0 { return "\(scaled)" }
    let digits = String(abs(scaled) % Int64(scale))
    let padded = String(repeating: "0", count: decimals - digits.count) + digits
    return "\(scaled < 0 ? "-" : "")\(abs(scaled) / Int64(scale)).\(padded)"
}

/// A folder that is removed afterwards.
func withTemporaryFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder =
        FileManager.default.temporaryDirectory.path() + "dagkit-bench-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}
