import DagKitSystem
import FoundationEssentials
import Testing

@Suite struct FaultArticleTests {
    @Test func `the name of a fault test begins with the number of its fault`() throws {
        let entries = try FaultSources.entries()

        #expect(entries.filter { !$0.test.hasPrefix("\($0.fault) ") } == [])
        #expect(entries.allSatisfy { Fault(rawValue: $0.fault) != nil })
    }

    /// With `DAGKIT_RECORD=1` the article is written from the records instead; `make faults` does that.
    @Test func `the article tells of every fault`() throws {
        let path = "\(FaultSources.root)/\(FaultArticle.path)"
        if ProcessInfo.processInfo.environment["DAGKIT_RECORD"] == "1" {
            let records = try FaultRecord.all()
            try #require(!records.isEmpty, "no fault was tested; run make faults")
            try FileSystem.write(Array(FaultArticle(records: records).text.utf8), to: path, mode: 0o644)
        }
        let lines = try FileSystem.readText(path).split(separator: "\n")

        for fault in Fault.allCases {
            #expect(lines.contains { $0.hasPrefix("| \(fault.rawValue) |") }, "\(fault) is not in \(path)")
        }
    }
}
