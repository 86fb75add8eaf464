// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "DagKit", path: "..")],
    targets: [
        .executableTarget(
            name: "dagkit-bench",
            dependencies: [
                .product(name: "DagKit", package: "DagKit"), .product(name: "CryptoDags", package: "DagKit"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)
