import DagKitSystem
import Testing

@Suite struct FaultPointTests {
    @Test func `no two points have one label, and each fits into a record of the trace`() {
        let labels = FaultPoint.allCases.map(\.rawValue)

        #expect(Set(labels).count == labels.count)
        #expect(labels.allSatisfy { $0.utf8.count < 32 })
    }

    @Test func `without a plan in the environment every point is passed`() {
        #expect(!FaultPoint.isArmed)
        for point in FaultPoint.allCases { point.pass() }
    }
}
