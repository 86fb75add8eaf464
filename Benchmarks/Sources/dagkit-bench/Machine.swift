import FoundationEssentials
import Glibc

/// The machine that is measured on.
enum Machine {
    /// A clock that only goes forward and that all processes share.
    static func nanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    static func seconds(since start: Int64) -> Double { Double(nanoseconds() - start) * 1e-9 }

    /// Its processor, cores, memory and kernel, on one line.
    static var text: String {
        let processor =
            lines(of: "/proc/cpuinfo").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { String($0.drop { $0 == " " }) } ?? "unknown processor"
        let memory =
            lines(of: "/proc/meminfo").first.flatMap { line in
                line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            } ?? 0
        let kernel = lines(of: "/proc/sys/kernel/osrelease").first ?? "unknown"
        return
            "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores of \(processor), \(memory >> 20) GiB of memory, Linux \(kernel)"
    }

    /// How many processes wanted a core over the last minute, on average.
    static var load: String {
        lines(of: "/proc/loadavg").first?.split(separator: " ").first.map(String.init) ?? "?"
    }

    /// The median time of appending 4 KiB to a file and waiting for the disk, in milliseconds.
    static func diskTime() throws -> Double {
        let file = open(try TemporaryFolders.make() + "/fsync", O_CREAT | O_WRONLY, 0o600)
        defer { close(file) }
        let page = [UInt8](repeating: 7, count: 4096)
        let times = (0..<20).map { _ in
            let begin = nanoseconds()
            _ = page.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            fsync(file)
            return seconds(since: begin) * 1000
        }
        return Statistics(times).median
    }

    /// The time of making a folder and, in it, a file with a line, in microseconds; each task's log is such a pair.
    static func fileTime() throws -> Double {
        let root = try TemporaryFolders.make()
        let line = [UInt8](repeating: UInt8(ascii: "."), count: 120)
        let count = 2000
        let begin = nanoseconds()
        for number in 0..<count {
            let folder = "\(root)/\(number)"
            mkdir(folder, 0o755)
            let file = open(folder + "/log", O_CREAT | O_WRONLY | O_APPEND, 0o644)
            _ = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            close(file)
        }
        return seconds(since: begin) / Double(count) * 1e6
    }

    /// All bytes of a file.
    static func bytes(of path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw BenchmarkFailure("cannot read \(path)") }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        let count = ftell(file)
        rewind(file)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            used = fread(buffer.baseAddress, 1, count, file)
        }
    }

    static func lines(of path: String) -> [String] {
        // Files of /proc have no size: they are read to their end.
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// A folder of its own for each measurement.
///
/// All are removed at the end of the program: a file system that has just freed much is slower for a while.
enum TemporaryFolders {
    private static let root =
        FileManager.default.temporaryDirectory.path() + "dagkit-bench-\(UInt64.random(in: 0 ... .max))"

    static func make() throws -> String {
        let folder = "\(root)/\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    static func removeAll() { try? FileManager.default.removeItem(atPath: root) }
}

/// What many measurements of the same thing say.
struct Statistics {
    private let sorted: [Double]

    init(_ values: [Double]) { sorted = values.sorted() }

    var best: Double { sorted.first ?? .nan }
    var median: Double { quantile(0.5) }

    func quantile(_ share: Double) -> Double {
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }
}

/// A number with some decimals, without a formatter.
func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "–" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int64((value * scale).rounded())
    if decimals == 0 { return "\(scaled)" }
    let digits = String(abs(scaled) % Int64(scale))
    let padded = String(repeating: "0", count: decimals - digits.count) + digits
    return "\(scaled < 0 ? "-" : "")\(abs(scaled) / Int64(scale)).\(padded)"
}

/// Why a figure cannot be given.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String

    init(_ text: String) { description = text }
}
