import CSystem
import DagKitCore
import Glibc
import Synchronization

/// The processes below one process.
package enum ProcessTree {
    /// Makes orphans among this process's descendants its own children, so that none escapes by a double fork.
    package static func adoptOrphans() throws(SystemError) {
        if hasChildren { foundChildren.store(true, ordering: .relaxed) }
        guard dagkit_set_child_subreaper(1) == 0 else { throw .last("become the reaper of orphans") }
    }

    /// Whether this process had children already when it called ``adoptOrphans()``: the program before it in the same process
    /// started them.
    private static let foundChildren = Atomic(false)

    /// Whether orphans may fall to this process which descend from nothing that it has started.
    ///
    /// It is so where a shell started something and then became this program, and for the first process of a container.
    package static var mayAdoptStrangers: Bool { getpid() == 1 || foundChildren.load(ordering: .relaxed) }

    /// Whether this process has called ``adoptOrphans()``.
    package static var adoptsOrphans: Bool { dagkit_is_child_subreaper() == 1 }

    /// Wakes this process, should it be stopped, when the thread that started it ends.
    ///
    /// What else has to be done then is the affair of ``whenClosed(_:hearing:perform:)``, which a stopped process could not do.
    package static func continueWithoutParent() throws(SystemError) {
        guard dagkit_set_parent_death_signal(SIGCONT) == 0 else { throw .last("watch the parent process") }
    }

    /// Calls `body`, once and on a thread of its own, when the other end of a connection has closed, most of all because
    /// its process has ended.
    ///
    /// - Parameter source: A descriptor, and what is called whenever it is readable until then, whatever keeps the other threads
    ///   busy; it has to read what there is.
    /// - Throws: ``SystemError`` with `EAGAIN` if the system gives no thread.
    package static func whenClosed(
        _ descriptor: Int32, hearing source: (descriptor: Int32, hear: @Sendable () -> Void),
        perform body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        try OwnThread.start("dagkit-watch") {
            while dagkit_wait_for_hang_up(descriptor, source.descriptor) == 0 { source.hear() }
            body()
        }
    }

    /// Blocks until every descendant of this process has ended, and reaps them all.
    ///
    /// The process must have called ``adoptOrphans()``; nothing of it may wait for a child meanwhile.
    package static func waitForDescendants() {
        var status: Int32 = 0
        var usage = rusage()
        while true {
            let reaped = wait4(-1, &status, 0, &usage)
            if reaped > 0 { ProcessMeasurement.noteEnd(of: ResourceUsage(usage)) }
            if reaped < 0, errno != EINTR { return }
        }
    }

    /// Whether this process has a child; with ``adoptOrphans()``, whether it has any descendant.
    package static var hasChildren: Bool { dagkit_has_children() == 1 }

    /// Children, grandchildren and so on of a process, each parent before its children.
    ///
    /// - Parameter spare: Processes that are left out, with all that is below them.
    /// - Throws: ``SystemError`` if the system does not show all of them.
    package static func descendants(
        of root: Int32, sparing spare: @autoclosure () -> Set<Int32> = []
    ) throws(SystemError) -> [ProcessIdentity] {
        try relatives(of: root, sparing: spare()).map(\.process)
    }

    /// A descendant of some process.
    struct Relative {
        let process: ProcessIdentity
        let parent: Int32
        let session: Int32
        /// Whether it has ended and waits to be reaped.
        let isZombie: Bool
    }

    /// - Parameters:
    ///   - spare: Asked once all processes were looked at, so that it names those which were started meanwhile.
    ///   - isWanted: Which children of `root` count, with all that is below them.
    static func relatives(
        of root: Int32, sparing spare: @autoclosure () -> Set<Int32>,
        childrenWhere isWanted: (Relative) -> Bool = { _ in true }
    ) throws(SystemError) -> [Relative] {
        var children: [Int32: [Relative]] = [:]
        for id in try ids() {
            guard let status = try ifOurs({ () throws(SystemError) in try ProcessStatus.read(id) }) else {
                continue
            }
            children[status.parent, default: []].append(
                Relative(
                    process: ProcessIdentity(id: id, startTime: status.startTime), parent: status.parent,
                    session: status.session, isZombie: status.isZombie))
        }
        let spared = spare()
        func unspared(below id: Int32) -> [Relative] {
            children[id]?.filter { !spared.contains($0.process.id) } ?? []
        }
        var found = unspared(below: root).filter(isWanted)
        var next = 0
        while next < found.count {
            found += unspared(below: found[next].process.id)
            next += 1
        }
        return found
    }

    /// The processes of this user whose environment has exactly this entry, wherever in the tree they stand.
    ///
    /// It finds what escaped from a tree whose root was killed: an environment is inherited across forks, sessions and
    /// the loss of parents.
    ///
    /// - Throws: ``SystemError`` if the system does not show all of them.
    package static func processes(withEnvironment entry: String) throws(SystemError) -> [ProcessIdentity] {
        let wanted = Array(entry.utf8)
        return try processes { (id) throws(SystemError) in
            let path = "/proc/\(id)/environ"
            let environment = try DescriptorReserve.look { () throws(SystemError) in
                try FileSystem.read(path)
            }
            return environment.split(separator: 0).contains { $0.elementsEqual(wanted) }
        }
    }

    /// The words of the command line of a process, the program's name first; `nil` if they are not shown.
    package static func arguments(of id: Int32) -> [String]? {
        guard let text = try? FileSystem.readText("/proc/\(id)/cmdline") else { return nil }
        return text.split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// The living processes of this user, but for this one, for which something holds.
    ///
    /// A process that the system shows to nobody but its own user, or to root, is taken for another user's.
    static func processes(
        where isWanted: (Int32) throws(SystemError) -> Bool
    ) throws(SystemError) -> [ProcessIdentity] {
        var found: [ProcessIdentity] = []
        for id in try ids() where id != getpid() {
            let process = try ifOurs { () throws(SystemError) -> ProcessIdentity? in
                guard let process = try ProcessIdentity.find(id), try isWanted(id), try process.lives() else {
                    return nil
                }
                return process
            }
            if let process { found.append(process) }
        }
        return found
    }

    private static func ids() throws(SystemError) -> [Int32] {
        let names = try DescriptorReserve.look { () throws(SystemError) in
            try FileSystem.names(in: "/proc")
        }
        return names.compactMap { Int32($0) }
    }

    /// What is to be known of a process; `nil` if it is gone or not ours to look at.
    private static func ifOurs<Value>(
        _ look: () throws(SystemError) -> Value?
    ) throws(SystemError) -> Value? {
        do {
            return try look()
        } catch {
            guard error.saysThatProcessIsGone || error.code == EACCES || error.code == EPERM else {
                throw error
            }
            return nil
        }
    }
}
