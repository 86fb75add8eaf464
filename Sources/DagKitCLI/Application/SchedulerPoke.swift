import DagKitSystem

/// The socket on which a scheduler hears that the store has changed.
enum SchedulerPoke {
    /// Where the scheduler of a home listens.
    static func path(home: String) -> String { home + "/scheduler.sock" }

    /// Tells the scheduler of a home to look at the store; quiet if there is none.
    static func send(home: String) async {
        guard let socket = try? await LocalSocket.connect(path(home: home)) else { return }
        try? await socket.writeFrame(Array("poke".utf8), until: BootTimeClock().now.advanced(by: .seconds(1)))
        socket.shutDown()
    }
}
