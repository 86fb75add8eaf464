import DagKitCore
import DagKitSystem
import FoundationEssentials
import Glibc

/// The counts of kills for lack of memory, by which a death gets its reason.
extension Supervisor {
    /// How often the kernel has killed for lack of memory where a process runs, and where this one does.
    func readMemoryKills(of process: Int32) -> [MemoryKills] {
        if let events = configuration.memoryEvents { return [MemoryKills.read(events)].compactMap(\.self) }
        let found = [MemoryKills.of(process), MemoryKills.of(getpid())].compactMap(\.self)
        return found.count == 2 && found[0].source == found[1].source ? [found[0]] : found
    }

    /// Whether a kill is counted that no death was put down to yet; one death is put down to one kill.
    func take(_ kills: [MemoryKills]) -> Bool {
        for kills in kills where kills.count > memoryKills[kills.source, default: 0] {
            memoryKills[kills.source, default: 0] += 1
            return true
        }
        return false
    }

    /// Puts down what was counted and not noted yet to nobody.
    ///
    /// - Returns: How many kills that were.
    func noteMemoryKills(of worker: SupervisedWorker) -> Int {
        var count = 0
        for kills in readMemoryKills(of: worker.child.id) {
            count += kills.count - memoryKills[kills.source, default: 0]
            memoryKills[kills.source] = kills.count
        }
        return count
    }

    /// Puts the failure of an attempt whose command was killed down to a lack of memory, if the kernel counted a kill meanwhile.
    ///
    /// Of another attempt that failed by itself its log says that the kernel ended processes, which may be its own.
    func tellMemoryKills(of worker: SupervisedWorker, to attempt: SupervisedAttempt) {
        if attempt.hasLostCommand, take(readMemoryKills(of: worker.child.id)) {
            attempt.lacksMemory = true
            if attempts.count == 1 { _ = noteMemoryKills(of: worker) }
            return
        }
        let count = noteMemoryKills(of: worker)
        guard count > 0 else { return }
        attempt.log.note(
            "the kernel ended \(count) processes for lack of memory while tasks ran", level: .warning)
    }
}
