import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

@Suite struct FileLockTests {
    private let folder: TemporaryFolder
    private let noon = Date(timeIntervalSince1970: 1_761_393_600)

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `a lock is refused while it is held, and its holder named`() throws {
        let lock = try FileLock.acquire(folder.path("lock"), now: noon)

        let error = #expect(throws: FileLockError.self) {
            _ = try FileLock.acquire(folder.path("lock"), now: noon)
        }
        let isHeld = try FileLock.isHeld(folder.path("lock"))

        #expect(error == .held(folder.path("lock"), by: "pid \(getpid()) since 2025-10-25T12:00:00Z"))
        #expect(isHeld)
        _ = consume lock
    }

    @Test func `a lock ends with its owner`() throws {
        do { _ = try FileLock.acquire(folder.path("lock"), now: noon) }

        let isHeld = try FileLock.isHeld(folder.path("lock"))
        let again = try FileLock.acquire(folder.path("lock"), now: noon)

        #expect(!isHeld)
        _ = consume again
    }

    @Test func `a file that is not there is not locked`() throws {
        #expect(try !FileLock.isHeld(folder.path("none")))
    }

    @Test func `a child that inherits the lock holds it until it ends`() async throws {
        let child: ChildProcess
        do {
            let lock = try FileLock.acquire(folder.path("lock"), now: noon)
            child = try ChildProcess.start(
                Command("/bin/sleep", ["60"], descriptors: [3: lock.descriptor.raw]))
        }
        let whileAlive = try FileLock.isHeld(folder.path("lock"))

        child.send(SIGKILL)
        _ = try await child.wait()

        #expect(whileAlive)
        #expect(try !FileLock.isHeld(folder.path("lock")))
    }

    @Test func `who has the file open without the lock is no holder`() async throws {
        let path = folder.path("lock")
        let lock = try FileLock.acquire(path, now: noon)
        let reading = try FileDescriptor.open(path, O_RDONLY)
        let heir = try ChildProcess.start(
            Command("/bin/sleep", ["60"], descriptors: [3: lock.descriptor.raw]))
        let reader = try ChildProcess.start(Command("/bin/sleep", ["60"], descriptors: [3: reading.raw]))

        let holders = try FileLock.holders(of: path).map(\.id)

        #expect(holders.contains(heir.id))
        #expect(!holders.contains(reader.id))
        for child in [heir, reader] {
            child.send(SIGKILL)
            _ = try await child.wait()
        }
        _ = consume lock
    }

    @Test func `a note is read by others, replaced under the lock, and taken back`() throws {
        let path = folder.path("lock")
        let lock = try FileLock.acquire(path, now: noon, note: String(repeating: "a", count: 300))
        let first = try FileLock.note(in: path)
        try lock.setNote("b")
        let second = try FileLock.note(in: path)
        try lock.setNote("")
        let third = try FileLock.note(in: path)

        let isHeld = try FileLock.isHeld(path)

        #expect([first, second, third] == [String(repeating: "a", count: 300), "b", nil])
        #expect(isHeld)
        #expect(FileLock.holder(of: path) == "pid \(getpid()) since 2025-10-25T12:00:00Z")
    }

    @Test func `the holder of a file that was removed sees it`() throws {
        let lock = try FileLock.acquire(folder.path("lock"), now: noon)
        let before = lock.isRemoved

        try FileSystem.remove(folder.path("lock"))

        #expect(!before)
        let after = lock.isRemoved
        #expect(after)
    }
}
