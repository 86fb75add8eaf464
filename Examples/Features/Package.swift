// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Features",
    dependencies: [.package(name: "DagKit", path: "../..")],
    targets: [
        .executableTarget(
            name: "features",
            dependencies: [
                .product(name: "DagKit", package: "DagKit"), .product(name: "DagKitCLI", package: "DagKit"),
            ],
            path: "Sources/Features"),
        .testTarget(
            name: "FeaturesTests",
            dependencies: ["features", .product(name: "DagKitTesting", package: "DagKit")]),
    ]
)
