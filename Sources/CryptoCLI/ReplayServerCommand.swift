import CryptoDags
import DagKit
import DagKitCLI
import DagKitHTTPServer

/// `crypto replay-server`.
enum ReplayServerCommand {
    private static let port = CommandOption<Int>.integer(
        "port", short: "p", "PORT", default: 8099, in: 0...65_535,
        "The port to listen on; 0 takes one that is free.")
    private static let host = CommandOption<String?>.text(
        "host", "ADDRESS", "The numeric address to listen on [default: 127.0.0.1].")
    private static let folder = CommandOption<String?>.text(
        "folder", "DIR", "Serves the recorded answers of a folder, one after another.")
    private static let seed = CommandOption<Int>.integer(
        "seed", "N", default: 1, "Serves the invented market of this seed, unless a folder is given.")
    private static let key = CommandOption<String?>.text("key", "KEY", "The API key that clients must send.")
    private static let fault = CommandOption<ReplayFault?>.value(
        "fault", "KIND",
        "What goes wrong: \(ReplayFault.names.joined(separator: ", ")); 429:SECONDS, slow:SECONDS."
    ) { text throws(ParameterError) in
        do throws(ReplayFaultError) { return try ReplayFault(text) } catch {
            throw ParameterError(text, remedy: error.remedy)
        }
    }
    private static let times = CommandOption<Int?>.value(
        "times", "N", "How many answers go wrong; all unless given."
    ) { text throws(ParameterError) in
        guard let number = Int(text), number >= 0 else {
            throw ParameterError(text, remedy: "write a whole number from 0 on")
        }
        return number
    }

    static let command = CLICommand(
        "replay-server", "Serves a recorded or an invented market as CoinCap v3 does.",
        discussion:
            """
            It answers /v3/assets, /v3/assets/ID and /v3/assets/ID/history until Ctrl-C. What goes wrong on purpose shows what the \
            pipeline does then.
            """,
        examples: [
            .init(
                "crypto replay-server --seed 1 --fault 429 --times 2",
                "two answers are refused, then all is well"),
            .init(
                "crypto replay-server --folder recorded --key secret",
                "recorded answers for those who have the key"),
        ],
        options: [port, host, folder, seed, key, fault, times], run: run)

    private static func run(_ call: Invocation) async throws -> ExitCode {
        let market =
            call[folder].map { ReplayMarket.recorded(folder: $0) } ?? .generated(seed: UInt64(call[seed]))
        let workspace = call.workspace
        try await market.check(at: workspace.now)
        let replay = ReplayServer(
            market: market, fault: call[fault], faultCount: call[times], key: call[key],
            now: { workspace.now })
        let server = try HTTPServer(
            configuration: .init(host: call[host] ?? "127.0.0.1", port: call[port])
        ) { await replay.answer($0) }
        try call.console.print("serving http://\(server.host):\(server.port)/v3 until Ctrl-C")
        try call.console.note(
            "note: to use it, run: dagctl variables set coincap_url http://\(server.host):\(server.port)/v3")
        await server.run()
        return .success
    }
}
