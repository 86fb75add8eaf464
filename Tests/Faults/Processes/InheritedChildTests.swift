import DagKitCore
import DagKitStore
import DagKitSystem
import Glibc
import Testing

/// What became a child of the scheduler without being started by it, as the helpers of a container's entry point do.
@Suite(.serialized, .timeLimit(.minutes(5))) struct InheritedChildTests {
    /// Starts a helper, in a group of its own since the test ends that of the scheduler, and becomes the scheduler.
    private static let entryPoint = #"setsid sleep 600 & echo $! >helper; exec "$0" scheduler"#

    @Test(arguments: [false, true])
    func `what ran beside the program before it became the scheduler outlives it`(losesSupervisor: Bool)
        async throws
    {
        let home = try FaultHome(
            ScriptDAG.declaration("bash -c 'exec env -i setsid sleep 600' & echo $! >begun; sleep 600"))
        _ = try await home.dagctl("dags", "trigger", "script")
        let scheduler = try home.start(
            "/bin/bash", ["-c", Self.entryPoint, FaultHome.program("dagctl")],
            environment: ["DAGKIT__SCHEDULER__STOP_GRACE": "0"], output: "\(home.aside)/scheduler.out",
            errors: "\(home.aside)/scheduler.err")
        let helper = try #require(ProcessIdentity.of(Int32(try await home.words(in: "helper")[0]) ?? 0))
        let escaped = try #require(ProcessIdentity.of(Int32(try await home.words(in: "begun")[0]) ?? 0))
        for process in [helper, escaped] { #expect(try await home.becomes("sleep", process)) }

        if losesSupervisor {
            try await home.killOwners()
            #expect(try await home.scriptEnds()?.state == .failed)
            #expect(!escaped.isAlive)
            #expect(helper.isAlive)
        }
        scheduler.send(SIGTERM)

        #expect(try await home.end(of: scheduler)?.isSuccess == true)
        #expect(!escaped.isAlive)
        #expect(helper.isAlive)
        helper.send(SIGKILL)
        #expect(try await home.leftovers() == [])
    }

    @Test(.enabled(if: Self.canMakeNamespaces, "only root can make a process the first of its namespace"))
    func `the first process of a container lets live what others left there`() async throws {
        let home = try FaultHome(ScriptDAG.declaration("echo $$ >begun; exec sleep 600"))
        _ = try await home.dagctl("dags", "trigger", "script")
        let container = try home.start(
            "unshare", ["--pid", "--fork", "--mount-proc", FaultHome.program("dagctl"), "scheduler"],
            environment: ["DAGKIT__SCHEDULER__STOP_GRACE": "0"], output: "\(home.aside)/scheduler.out",
            errors: "\(home.aside)/scheduler.err")
        _ = try await home.words(in: "begun")
        let scheduler = try #require(try ProcessTree.descendants(of: container.id).first)
        let visitor = try home.start(
            "nsenter", ["--target", "\(scheduler.id)", "--pid", "--mount", "setsid", "sleep", "500"],
            output: "\(home.aside)/visit", errors: "\(home.aside)/visit")
        #expect(try await holds { !home.processes(running: ["sleep", "500"]).isEmpty })
        visitor.send(SIGKILL)
        _ = try await visitor.wait()
        let stranger = try #require(home.processes(running: ["sleep", "500"]).first)

        try await home.killOwners()

        #expect(try await home.scriptEnds()?.state == .failed)
        #expect(stranger.isAlive)
        scheduler.send(SIGTERM)
        #expect(try await home.end(of: container)?.isSuccess == true)
    }

    private static var canMakeNamespaces: Bool {
        guard getuid() == 0 else { return false }
        let trial = try? ChildProcess.start(
            Command("unshare", ["--pid", "--fork", "--mount-proc", "/bin/true"]))
        while let trial {
            if let exit = try? trial.poll() { return exit.isSuccess }
            usleep(1000)
        }
        return false
    }
}
