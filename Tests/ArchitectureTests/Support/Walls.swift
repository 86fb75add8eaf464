/// The targets and the arrows between them, as `Documentation/architecture.md` draws them.
enum Walls {
    /// What a target may import; an arrow permits what its end may itself import, C modules excepted.
    static let arrows: [String: Set<String>] = [
        "DagKitCore": [],
        "DagKitSystem": ["DagKitCore", "CSystem", "CZlib"],
        "DagKitSQL": ["DagKitCore"],
        "DagKitSQLite": ["DagKitSQL", "DagKitSystem", "CSQLite"],
        "DagKitPostgres": ["DagKitSQL", "DagKitSystem", "CLibPQ"],
        "DagKitStore": ["DagKitCore", "DagKitSQL"],
        "DagKitSecrets": ["DagKitCore", "DagKitSystem", "CSodium"],
        "DagKitRuntime": ["DagKitCore", "DagKitSystem"],
        "DagKitProviders": ["DagKitCore", "DagKitSQL", "DagKitSystem", "CCurl"],
        "DagKitHTTPServer": ["DagKitCore", "DagKitSystem", "CMicroHTTPD"],
        "DagKitWeb": ["DagKitCore", "DagKitSystem", "DagKitHTTPServer", "DagKitSecrets"],
        "DagKitCLI": [
            "DagKitCore", "DagKitSystem", "DagKitSQL", "DagKitSQLite", "DagKitPostgres", "DagKitStore",
            "DagKitSecrets", "DagKitRuntime", "DagKitProviders", "DagKitHTTPServer", "DagKitWeb",
        ],
        "DagKitTesting": ["DagKitCore", "DagKitRuntime"],
        "DagKit": [
            "DagKitCore", "DagKitSQL", "DagKitStore", "DagKitSQLite", "DagKitRuntime", "DagKitProviders",
            "DagKitSecrets", "DagKitSystem",
        ],
        "CryptoDags": ["DagKit", "DagKitSQL"],
        "CryptoDashboard": ["CryptoDags", "DagKitWeb"],
        "CryptoCLI": ["CryptoDags", "DagKitCLI", "DagKitHTTPServer"],
        "dagkit-conformance": ["DagKitCore", "DagKitSystem"],
        "dagctl": ["CryptoDags", "CryptoDashboard", "CryptoCLI", "DagKitCLI"],
    ]

    /// Modules of the toolchain that every target but DagKitCore may import.
    static let toolchain: Set = ["FoundationEssentials", "Synchronization", "Glibc", "Darwin"]

    /// Modules of the toolchain that DagKitCore may import.
    static let coreToolchain: Set = ["FoundationEssentials", "Synchronization"]

    static func isC(_ module: String) -> Bool {
        module.hasPrefix("C") && !module.hasPrefix("Crypto") && module.dropFirst().first?.isUppercase == true
    }

    /// What `target` may import, over all arrows.
    static func reach(of target: String) -> Set<String> {
        var reached = arrows[target] ?? []
        var open = reached.filter { !isC($0) }
        while let next = open.popFirst() {
            let new = (arrows[next] ?? []).filter { !isC($0) && !reached.contains($0) }
            reached.formUnion(new)
            open.formUnion(new)
        }
        return reached
    }

    /// Whether a path is one of `places`: a file, or a folder that ends in `/`.
    static func admits(_ path: String, in places: [String]) -> Bool {
        places.contains { $0.hasSuffix("/") ? path.hasPrefix($0) : path == $0 }
    }

    /// The executables, and the two libraries that are command lines.
    static let commandLines = [
        "Sources/DagKitCLI/", "Sources/CryptoCLI/", "Sources/dagctl/", "Sources/dagkit-conformance/",
    ]

    /// The entry points of workers and supervisors.
    static let entryPoints = [
        "Sources/DagKitRuntime/Execution/DagKitWorker.swift",
        "Sources/DagKitRuntime/Execution/Local/WorkerProcess.swift",
    ]

    /// Who reads the environment beside the command lines: a worker, to give back what a task changed, and what
    /// starts a child process, to hand it on, and the points at which a test lets a process die.
    static let environmentReaders =
        entryPoints + [
            "Sources/DagKitSystem/Faults/FaultPoint.swift", "Sources/DagKitSystem/Faults/FailurePoint.swift",
            "Sources/DagKitRuntime/Execution/Local/WorkerState.swift",
            "Sources/DagKitSystem/Processes/Command.swift",
            "Sources/DagKitSystem/Processes/CurrentProcess+Environment.swift",
        ]

    /// Who reads the wall clock beside the command lines: the runtime's outer loop, and the default of the clock
    /// that the crypto workflows are given.
    static let clockReaders =
        entryPoints + [
            "Sources/DagKitRuntime/Scheduler/SchedulerClock.swift",
            "Sources/DagKitRuntime/Execution/Local/LocalExecutor.swift",
            "Sources/CryptoDags/Pipeline/MarketClock.swift",
        ]
}
