import DagKitCore
import DagKitSystem
import Testing

@Suite struct ProcessMeasurementTests {
    @Test func `time on the processor is counted`() {
        let before = ProcessMeasurement.now()

        var sum = 0
        for number in 0..<3_000_000 { sum &+= number ^ (sum << 1) }

        #expect(ProcessMeasurement.now().usage(since: before).cpuSeconds > 0, "\(sum)")
    }

    @Test func `the peak of memory follows a large allocation`() {
        ProcessMeasurement.resetPeakMemory()
        let before = ProcessMeasurement.now()

        let block = [UInt8](repeating: 1, count: 64 << 20)

        #expect(
            ProcessMeasurement.now().usage(since: before).peakMemory > 64 << 20, "\(block[block.count - 1])")
    }

    @Test func `this process knows its machine, user and program`() throws {
        #expect(!CurrentProcess.hostName.isEmpty)
        #expect(!CurrentProcess.userName.isEmpty)
        #expect(try CurrentProcess.executableIdentity() == CurrentProcess.executableIdentity())
    }
}
