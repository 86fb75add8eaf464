import DagKit
import FoundationEssentials
import Glibc

/// The report of some scenarios: a table of what runs took, and a list of single figures.
enum Report {
    /// Measures, prints each finding as it comes, and gives the whole as Markdown.
    static func make(_ scenarios: [Scenario], _ settings: Scenario.Settings) async throws -> String {
        var rows: [String] = []
        var figures: [String] = []
        let head = [
            "# Results", "",
            "Made by `make bench` on \(Date().ds), release build, SQLite, on \(Machine.text).",
            "The load of the machine was \(Machine.load) at the start.", "",
        ]
        let fileTime = try Machine.fileTime()
        for scenario in scenarios {
            for finding in try await scenario.run(settings) {
                switch finding {
                case .throughput(let throughput):
                    rows.append(throughput.row)
                    print(throughput.row)
                case .figure(let name, let value):
                    figures.append("| \(name) | \(value) |")
                    print("| \(name) | \(value) |")
                }
                fflush(nil)
            }
        }
        figures.append(
            "| a folder and a file in it on this disk, before and after the rest | "
                + "\(fixed(fileTime, 0)) µs, \(fixed(try Machine.fileTime(), 0)) µs |")
        print(figures[figures.endIndex - 1])
        figures = ["", "| figure | value |", "| --- | ---: |"] + figures
        let table = rows.isEmpty ? [] : [Throughput.header] + rows
        return (head + table + figures).joined(separator: "\n") + "\n"
    }
}
