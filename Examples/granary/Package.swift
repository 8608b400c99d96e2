// swift-tools-version:6.2
import PackageDescription

// A provider plugin in a package of its own, and a gateway that has it.
let package = Package(
    name: "granary-gateway",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "granary-gateway", targets: ["GranaryGateway"])
    ],
    dependencies: [
        // In another repository: the URL of this one, and a version.
        .package(name: "sts-gateway", path: "../..")
    ],
    targets: [
        .target(
            name: "GranaryPlugin",
            dependencies: [
                .product(name: "JOSE", package: "sts-gateway"),
                .product(name: "GatewayPluginAPI", package: "sts-gateway"),
            ]),
        .executableTarget(
            name: "GranaryGateway",
            dependencies: [
                "GranaryPlugin",
                .product(name: "GatewayApp", package: "sts-gateway"),
                .product(name: "OIDCPlugin", package: "sts-gateway"),
            ]),
        .testTarget(
            name: "GranaryPluginTests",
            dependencies: [
                "GranaryPlugin",
                .product(name: "GatewayPluginAPI", package: "sts-gateway"),
                .product(name: "GatewayPluginTesting", package: "sts-gateway"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
