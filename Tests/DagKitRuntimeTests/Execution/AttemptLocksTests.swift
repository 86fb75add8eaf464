import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc
import Testing

@testable import DagKitRuntime

@Suite final class AttemptLocksTests {
    private let home: String
    private let folders: ExecutionFolders
    private var locks: AttemptLocks
    private let noon = Date(timeIntervalSince1970: 1_761_393_600)

    init() throws {
        home = FileManager.default.temporaryDirectory.appending(path: "dagkit-\(UUID().uuidString)").path
        folders = ExecutionFolders(home: home)
        try folders.create()
        locks = AttemptLocks(folders, supervisor: getpid())
    }

    deinit { try? FileSystem.removeTree(home) }

    private let one = AttemptID(rawValue: 1)
    private let two = AttemptID(rawValue: 2)

    private func notes() throws -> [String] { try folders.locks().compactMap { try FileLock.note(in: $0) } }

    @Test func `a file tells of its attempt until the lock is given back, and then becomes that of another`()
        throws
    {
        _ = try locks.take(one, now: noon, note: "first")
        let first = try notes()
        locks.release(one)
        let between = try notes()
        _ = try locks.take(two, now: noon, note: "second")

        #expect(first == ["first"])
        #expect(between == [])
        #expect(try notes() == ["second"])
        #expect(try folders.locks(of: getpid()).count == 1)
    }

    @Test func `attempts at the same time have files of their own, all locked`() throws {
        _ = try locks.take(one, now: noon, note: "first")
        _ = try locks.take(two, now: noon, note: "second")

        #expect(try notes().sorted() == ["first", "second"])
        #expect(try folders.locks().allSatisfy(FileLock.isHeld))
    }

    @Test func `a file that somebody removed is made again, in a folder that is made again`() throws {
        _ = try locks.take(one, now: noon, note: "first")
        locks.release(one)
        try FileSystem.removeTree(folders.attempts)

        #expect(throws: SystemError.self) { try locks.take(two, now: noon, note: "second") }
        try folders.create()
        _ = try locks.take(two, now: noon, note: "second")

        #expect(try notes() == ["second"])
    }

    @Test func `a file of a dead supervisor that had the same id is left alone`() throws {
        let old = folders.lock(number: 1, of: getpid())
        try FileSystem.write(Array("pid 1 since ever\nold\n\n".utf8), to: old)

        _ = try locks.take(one, now: noon, note: "first")

        #expect(try notes().sorted() == ["first", "old"])
    }

    @Test func `with the free files gone nothing is left but what attempts hold`() throws {
        _ = try locks.take(one, now: noon, note: "first")
        _ = try locks.take(two, now: noon, note: "second")
        locks.release(one)
        locks.removeFree()

        #expect(try folders.locks().count == 1)
        #expect(try notes() == ["second"])
    }

    @Test func `a file that somebody else holds is left to them`() throws {
        let foreign = try FileLock.acquire(folders.lock(number: 1, of: getpid()), now: noon)

        _ = try locks.take(one, now: noon, note: "first")

        #expect(try notes() == ["first"])
        #expect(try folders.locks(of: getpid()).count == 2)
        _ = consume foreign
    }
}
