import CSystem
import DagKitCore
import Glibc

/// The processes below one process.
package enum ProcessTree {
    /// Makes orphans among this process's descendants its own children, so that none escapes by a double fork.
    package static func adoptOrphans() throws(SystemError) {
        guard dagkit_set_child_subreaper(1) == 0 else { throw .last("become the reaper of orphans") }
    }

    /// Wakes this process, should it be stopped, when the thread that started it ends.
    ///
    /// What else has to be done then is the affair of ``whenClosed(_:perform:)``, which a stopped process could not do.
    package static func continueWithoutParent() throws(SystemError) {
        guard dagkit_set_parent_death_signal(SIGCONT) == 0 else { throw .last("watch the parent process") }
    }

    /// Calls `body`, once and on a thread of its own, when the other end of a connection has closed, most of all because
    /// its process has ended.
    package static func whenClosed(_ descriptor: Int32, perform body: @escaping @Sendable () -> Void) {
        BlockingThreads.shared.submit(
            BlockingThreads.Work {
                dagkit_wait_for_hang_up(descriptor)
                body()
            } refuse: { _ in
                body()
            })
    }

    /// Whether this process has a child; with ``adoptOrphans()``, whether it has any descendant.
    package static var hasChildren: Bool { dagkit_has_children() == 1 }

    /// Children, grandchildren and so on of a process, each parent before its children.
    ///
    /// - Parameter spare: Processes that are left out, with all that is below them.
    package static func descendants(
        of root: Int32, sparing spare: Set<Int32> = []
    ) throws(SystemError) -> [ProcessIdentity] {
        var children: [Int32: [ProcessIdentity]] = [:]
        for name in try FileSystem.names(in: "/proc") {
            guard let id = Int32(name), !spare.contains(id), let status = ProcessStatus.read(id) else {
                continue
            }
            children[status.parent, default: []].append(ProcessIdentity(id: id, startTime: status.startTime))
        }
        var found = children[root] ?? []
        var next = 0
        while next < found.count {
            found += children[found[next].id] ?? []
            next += 1
        }
        return found
    }

    /// Kills all descendants of this process, but for those that `spare` names and theirs, and reaps what is its own child.
    ///
    /// It goes on until none is left, as a process may fork while it is looked for. The process must have
    /// called ``adoptOrphans()``, or descendants could escape upwards; so must those that are spared, or an orphan of
    /// theirs would be taken for one of this process.
    ///
    /// - Returns: The ids of the processes that were killed.
    @discardableResult
    package static func killDescendants(sparing spare: Set<Int32> = []) throws(SystemError) -> Set<Int32> {
        var killed: Set<Int32> = []
        while hasChildren {
            // Only what is reached without passing one that is spared: what those fork meanwhile is never in reach.
            let targets = try descendants(of: getpid(), sparing: spare)
            if targets.isEmpty { return killed }
            for target in targets { target.send(SIGKILL) }
            killed.formUnion(targets.map(\.id))
            reap(targets)
        }
        return killed
    }

    /// Waits for the end of those that are children of this process; the others are their parents' affair, or soon ours.
    private static func reap(_ targets: [ProcessIdentity]) {
        for target in targets {
            var status: Int32 = 0
            var usage = rusage()
            var reaped: pid_t
            repeat { reaped = wait4(target.id, &status, 0, &usage) } while reaped < 0 && errno == EINTR
            if reaped == target.id { ProcessMeasurement.noteEnd(of: ResourceUsage(usage)) }
        }
    }

    /// The processes of this user whose environment has exactly this entry, wherever in the tree they stand.
    ///
    /// It finds what escaped from a tree whose root was killed: an environment is inherited across forks, sessions and
    /// the loss of parents.
    package static func processes(withEnvironment entry: String) -> [ProcessIdentity] {
        let wanted = Array(entry.utf8)
        let names = (try? FileSystem.names(in: "/proc")) ?? []
        return names.compactMap { name in
            guard let id = Int32(name), id != getpid(), let identity = ProcessIdentity.of(id),
                let environment = try? FileSystem.read("/proc/\(id)/environ"),
                environment.split(separator: 0).contains(where: { $0.elementsEqual(wanted) }),
                identity.isAlive
            else { return nil }
            return identity
        }
    }
}
