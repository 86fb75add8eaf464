// swift-tools-version: 6.2
import PackageDescription

/// The language rules that every target of this package obeys.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// A library target of `Sources/`; `dependencies` are the arrows that `Documentation/architecture.md` draws.
func library(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// What several test targets share, in a folder of `Tests/`.
func support(_ name: String, path: String, _ dependencies: Target.Dependency...) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

/// An executable target of `Sources/`.
func executable(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of one target; the folders of `exclude` are read by the tests themselves.
func tests(_ name: String, _ dependencies: Target.Dependency..., exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "DagKit",
    products: [
        .library(name: "DagKit", targets: ["DagKit"]),
        .library(name: "DagKitSQL", targets: ["DagKitSQL"]),
        .library(name: "DagKitPostgres", targets: ["DagKitPostgres"]),
        .library(name: "DagKitProviders", targets: ["DagKitProviders"]),
        .library(name: "DagKitHTTPServer", targets: ["DagKitHTTPServer"]),
        .library(name: "DagKitCLI", targets: ["DagKitCLI"]),
        .library(name: "DagKitTesting", targets: ["DagKitTesting"]),
        .library(name: "CryptoDags", targets: ["CryptoDags"]),
        .executable(name: "dagctl", targets: ["dagctl"]),
        .executable(name: "dagkit-conformance", targets: ["dagkit-conformance"]),
    ],
    targets: [
        // C libraries of the system; each is wrapped by exactly one Swift target.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // These are loaded when they are first called: the programs that this package builds do not name them.
        .target(name: "CLazyLibrary"),
        .target(name: "CLibPQ", dependencies: ["CLazyLibrary"]),
        .target(name: "CCurl", dependencies: ["CLazyLibrary"]),
        .target(name: "CMicroHTTPD", dependencies: ["CLazyLibrary"]),
        .target(name: "CSystem"),

        // DagKit.
        library("DagKitCore"),
        library("DagKitSystem", "DagKitCore", "CSystem", "CZlib"),
        library("DagKitSQL", "DagKitCore"),
        library("DagKitSQLite", "DagKitCore", "DagKitSQL", "DagKitSystem", "CSQLite"),
        library("DagKitPostgres", "DagKitCore", "DagKitSQL", "DagKitSystem", "CLibPQ"),
        library("DagKitStore", "DagKitCore", "DagKitSQL"),
        library("DagKitSecrets", "DagKitCore", "DagKitSystem", "CSodium"),
        library("DagKitRuntime", "DagKitCore", "DagKitSystem"),
        library("DagKitProviders", "DagKitCore", "DagKitSQL", "DagKitSystem", "CCurl"),
        library("DagKitHTTPServer", "DagKitCore", "DagKitSystem", "CMicroHTTPD"),
        library("DagKitTesting", "DagKitCore", "DagKitRuntime"),
        library(
            "DagKit", "DagKitCore", "DagKitSystem", "DagKitSQL", "DagKitSQLite", "DagKitStore",
            "DagKitSecrets",
            "DagKitRuntime", "DagKitProviders"),
        library(
            "DagKitCLI", "DagKitCore", "DagKitSystem", "DagKitSQL", "DagKitSQLite", "DagKitPostgres",
            "DagKitStore", "DagKitSecrets",
            "DagKitRuntime", "DagKitProviders"),

        // The two crypto workflows and the command line that carries them.
        library("CryptoDags", "DagKit", "DagKitSQL"),
        library("CryptoCLI", "CryptoDags", "DagKit", "DagKitCLI", "DagKitHTTPServer"),
        executable("dagkit-conformance", "DagKitCore", "DagKitSystem"),
        executable("dagctl", "CryptoDags", "CryptoCLI", "DagKitCLI"),

        // Tests, a target for a target.
        tests("DagKitCoreTests", "DagKitCore", exclude: ["Fixtures"]),
        tests("DagKitSystemTests", "DagKitSystem", "DagKitCore"),
        support(
            "SQLTestSupport", path: "Tests/SQLTestSupport", "DagKitPostgres", "DagKitSQL", "DagKitSystem",
            "DagKitCore"),
        tests("DagKitSQLiteTests", "SQLTestSupport", "DagKitSQLite", "DagKitSQL", "DagKitCore"),
        tests(
            "DagKitPostgresTests", "SQLTestSupport", "DagKitPostgres", "DagKitSQL", "DagKitSystem",
            "DagKitCore"),
        tests(
            "DagKitStoreTests", "SQLTestSupport", "DagKitStore", "DagKitSQLite", "DagKitSQL", "DagKitTesting",
            "DagKitCore"),
        tests("DagKitSecretsTests", "DagKitSecrets", "DagKitCore"),
        .executableTarget(
            name: "dagkit-test-worker", dependencies: ["DagKitRuntime", "DagKitSystem", "DagKitCore"],
            path: "Tests/TestWorker", swiftSettings: settings),
        .executableTarget(
            name: "dagkit-soak", dependencies: ["DagKitTesting", "DagKitCore"], path: "Tests/Soak",
            swiftSettings: settings),
        tests("DagKitTestingTests", "DagKitTesting", "DagKitRuntime", "DagKitCore"),
        tests(
            "DagKitRuntimeTests", "dagkit-test-worker", "DagKitRuntime", "DagKitTesting", "DagKitSystem",
            "DagKitCore"),
        tests(
            "DagKitProvidersTests", "SQLTestSupport", "DagKitProviders", "DagKitPostgres", "DagKitSQL",
            "DagKitHTTPServer", "DagKitSystem", "DagKitCore"),
        tests("DagKitHTTPServerTests", "DagKitHTTPServer", "DagKitCore"),
        tests("DagKitCLITests", "DagKitCLI", "DagKitSystem", "DagKitCore", exclude: ["Golden"]),
        tests(
            "CryptoDagsTests", "SQLTestSupport", "CryptoDags", "CryptoCLI", "dagctl", "DagKit",
            "DagKitPostgres", "DagKitSQL", "DagKitHTTPServer", "DagKitCLI", exclude: ["Golden"]),
        .executableTarget(
            name: "dagkit-fault-process",
            dependencies: ["DagKitStore", "DagKitSQLite", "DagKitSQL", "DagKitSystem", "DagKitCore"],
            path: "Tests/FaultProcess", swiftSettings: settings),
        .testTarget(
            name: "FaultTests",
            dependencies: [
                "dagctl", "dagkit-test-worker", "dagkit-fault-process", "DagKitRuntime", "DagKitProviders",
                "DagKitTesting", "DagKitStore", "DagKitSQLite", "DagKitSQL", "DagKitSystem", "DagKitCore",
            ],
            path: "Tests/Faults", swiftSettings: settings),
        tests("DagctlTests", "dagctl", "DagKitSQLite", "DagKitSQL", "DagKitSystem", "DagKitCore"),
        tests("ArchitectureTests"),
        tests("ExamplesTests", "DagKitSystem"),
    ]
)
