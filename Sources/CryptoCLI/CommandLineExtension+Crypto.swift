import CryptoDags
import DagKit
public import DagKitCLI
import FoundationEssentials

extension CommandLineExtension {
    /// What the crypto workflows add to a command line: `crypto …`, the settings of `[crypto]`, and the
    /// names of the key.
    ///
    /// ```swift
    /// await CommandLineTool(
    ///     dags: [CryptoDataPipeline(), CryptoMonitoring()], extensions: [.crypto]
    /// ).main()
    /// ```
    public static let crypto = CommandLineExtension(
        commands: [CryptoCommands.group], configurationKeys: CryptoCommands.configurationKeys,
        variableNames: ["coincap_api_key": "COINCAP_API_KEY"],
        services: { services in
            guard let name = services.settings.value("crypto", "timezone"), name != "UTC" else { return }
            // An unknown zone is reported by the task that needs it, with the name of the setting's value.
            let zones = TimeZones(loading: [name], from: ZoneFiles())
            guard let rules = try? zones.rules(named: name) else { return }
            services[MarketCalendar.self] = MarketCalendar(name: name) { rules.offset(at: $0) }
        })
}

/// The time zones of this machine, as files.
private struct ZoneFiles: TimeZoneSource {
    func tzif(named name: String) throws -> [UInt8]? {
        FileManager.default.contents(atPath: "/usr/share/zoneinfo/\(name)").map(Array.init)
    }
}
