// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "HelloDag",
    dependencies: [.package(name: "DagKit", path: "../..")],
    targets: [
        .executableTarget(
            name: "hello",
            dependencies: [
                .product(name: "DagKit", package: "DagKit"), .product(name: "DagKitCLI", package: "DagKit"),
            ],
            path: "Sources/HelloDag")
    ]
)
