import DagKitCore
import DagKitRuntime
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

@Suite struct SchedulerDoorTests {
    @Test(.timeLimit(.minutes(2)))
    func `a socket that was removed is made again, and visitors are heard there`() async throws {
        let home = FileManager.default.temporaryDirectory.appending(path: "door-\(UUID().uuidString)").path
        defer { try? FileSystem.removeTree(home) }
        let door = try SchedulerDoor(home: home, now: Date(timeIntervalSince1970: 0))
        let (visits, visit) = AsyncStream<SchedulerDoor.Visit>.makeStream()
        let serving = Task { await door.serve { visit.yield($0) } }
        let isKept = try door.keepSocket()

        unlink("\(home)/run/scheduler.sock")
        let whileGone = await SchedulerDoor.knock(home: home)
        let isMade = try door.keepSocket()
        let again = await SchedulerDoor.knock(home: home)

        #expect(!isKept && isMade)
        #expect(!whileGone && again)
        for await first in visits {
            #expect(first == .knock)
            break
        }
        serving.cancel()
        await serving.value
        #expect(door.loss == nil)
    }
}
