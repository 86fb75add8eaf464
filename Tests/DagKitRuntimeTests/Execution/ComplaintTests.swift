import DagKitSystem
import Testing

@testable import DagKitRuntime

@Suite struct ComplaintTests {
    private let start = BootTimeClock().now

    @Test func `what comes and goes again and again is said once a minute, with its end`() {
        var complaint = Complaint()
        var said: [Int] = []
        var ended: [Int] = []

        for second in 0..<130 {
            if complaint.begin(at: start.advanced(by: .seconds(second))) { said.append(second) }
            if complaint.end() { ended.append(second) }
        }

        #expect(said == [0, 60, 120])
        #expect(ended == [0, 60, 120])
    }

    @Test func `what stays is said once, and its end once`() {
        var complaint = Complaint()
        let said = (0..<130).filter { complaint.begin(at: start.advanced(by: .seconds($0))) }

        let ends = [complaint.end(), complaint.end()]

        #expect(said == [0])
        #expect(ends == [true, false])
    }

    @Test func `what comes back within a minute and stays is said after it`() {
        var complaint = Complaint()
        _ = complaint.begin(at: start)
        _ = complaint.end()

        let said = (30..<130).filter { complaint.begin(at: start.advanced(by: .seconds($0))) }

        #expect(said == [60])
    }
}
