// swift-tools-version:6.2
import PackageDescription

// Figures, not tests: run by `make bench`, in release, apart from the gateway's own build.
let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "sts-gateway", path: "..")],
    targets: [
        .executableTarget(
            name: "FilterBenchmark",
            dependencies: [
                .product(name: "GatewayCore", package: "sts-gateway"),
                .product(name: "GatewayPluginAPI", package: "sts-gateway"),
            ]),
        .executableTarget(
            name: "AdmissionBenchmark",
            dependencies: [
                .product(name: "GatewayCore", package: "sts-gateway"),
                .product(name: "GatewayPluginAPI", package: "sts-gateway"),
            ]),
        .executableTarget(
            name: "XMLBenchmark", dependencies: [.product(name: "AWSXML", package: "sts-gateway")]),
    ],
    swiftLanguageModes: [.v6]
)
