import DagKitSystem
import Glibc
import Testing

/// Calls of the supervisor that the system refuses once.
@Suite(.serialized, .timeLimit(.minutes(10))) struct FailedCallTests {
    @Test(
        .fault(
            .F21,
            "each try is begun once at most, whichever message to a worker the system refuses, and the run succeeds",
            by: .standIn(
                "the n-th write to a socket fails with ENOBUFS or EPERM, for n = 1 to 8, at once and while the message waits for room in the socket"
            )),
        arguments: [ENOBUFS, EPERM], [false, true])
    func `F21 an order whose send failed is begun once`(code: Int32, waitsBefore: Bool) async throws {
        var refused = 0
        for number in 1...8 {
            let failure = "channel.send:\(number)=\(code)"
            let wait = "channel.send:\(number)=\(EAGAIN),channel.send:\(number + 1)=\(code)"
            let home = try FaultHome(settings: ["DAGKIT_FAILURE": waitsBefore ? wait : failure])
            _ = try await home.dagctl("dags", "trigger", "proof")

            let scheduler = try await home.dagctl("scheduler", "--once")

            #expect(scheduler.status == 0, "\(number): \(scheduler)")
            // An error that is no shortage is the failure of that try.
            let kills = code == EPERM ? 1 : 0
            #expect(try await home.findings(kills: kills) == [], "\(number)")
            #expect(try await home.leftovers() == [], "\(number)")
            if try await home.hasRefusedOrder() { refused += 1 }
        }
        #expect(refused > 0)
    }

    @Test(
        .fault(
            .F21,
            "a worker that cannot be watched is ended, its attempt goes to another one, and nothing stays behind",
            by: .standIn("the n-th watch of a worker's descriptor fails with ENOSPC, for n = 1 to 9")))
    func `F21 a worker that cannot be watched is replaced`() async throws {
        for number in 1...9 {
            let home = try FaultHome(
                settings: ["DAGKIT_FAILURE": "supervisor.watch_worker:\(number)=\(ENOSPC)"])
            _ = try await home.dagctl("dags", "trigger", "proof")

            let scheduler = try await home.dagctl("scheduler", "--once")

            #expect(scheduler.status == 0, "\(number): \(scheduler)")
            #expect(try await home.findings() == [], "\(number)")
            #expect(try Proof(of: home).begun.count == 4, "\(number)")
            #expect(try await home.leftovers() == [], "\(number)")
        }
    }
}

extension FaultHome {
    /// Whether the supervisor could not write an order: it waits then, or its attempt has failed for that reason.
    fileprivate func hasRefusedOrder() async throws -> Bool {
        let told = "(^|attempts wait.*)cannot write to a socket"
        let search = try await shell(
            "sqlite3 dagkit.db 'select reason from event' | cat - logs/supervisor/* | grep -E \"$TOLD\"",
            environment: ["TOLD": told])
        return search.status == 0
    }
}
