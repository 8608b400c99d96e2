// swift-tools-version:6.2
import PackageDescription

// The targets are those of docs/architecture.md. `--explicit-target-dependency-import-check error` (see the Makefile)
// enforces the layers: a plugin imports only JSON, JOSE, GatewayPluginAPI and CloudAPI, GatewayCore imports no I/O package,
// Kubernetes does not import the gateway, and only the executable imports the plugins.

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let hashing: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
/// Includes RSA, which only signing and certificates need.
let crypto: [Target.Dependency] = [hashing, .product(name: "CryptoExtras", package: "swift-crypto")]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

/// One kind of relying party: `Sources/Plugins/<name>` and `Tests/Plugins/<name>PluginTests`.
struct ProviderPlugin {
    let name: String
    /// Additional targets below the plugin's folder.
    var ownTargets: [String] = []
    /// The folders of these targets below the plugin's folder.
    var ownFolders: [String] = []
    /// Products of other packages.
    var products: [Target.Dependency] = []

    var dependency: Target.Dependency { .target(name: "\(name)Plugin") }

    var targets: [Target] {
        let own: [Target.Dependency] = ownTargets.map { .target(name: $0) }
        let api: [Target.Dependency] = ["JSON", "JOSE", "GatewayPluginAPI", "CloudAPI"]
        return [
            .target(
                name: "\(name)Plugin", dependencies: api + own + products, path: "Sources/Plugins/\(name)",
                exclude: ownFolders, swiftSettings: settings),
            .testTarget(
                name: "\(name)PluginTests", dependencies: api + own + products + [dependency, "GatewayPluginTesting"],
                path: "Tests/Plugins/\(name)PluginTests", swiftSettings: settings),
        ]
    }
}

/// One line per provider plugin; `make plugin NAME=X` adds it.
let providerPlugins: [ProviderPlugin] = [
    ProviderPlugin(name: "AWS", ownTargets: ["AWSXML"], ownFolders: ["XML"], products: [hashing, logging]),
    ProviderPlugin(name: "Anthropic"),
    ProviderPlugin(name: "Azure"),
    ProviderPlugin(name: "GCP", products: [hashing, logging]),
    ProviderPlugin(name: "Kubernetes"),
    ProviderPlugin(name: "OIDC"),
    ProviderPlugin(name: "Vault"),
]

let package = Package(
    name: "sts-gateway",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "sts-gateway", targets: ["Gateway"]),
        .executable(name: "sts-sidecar", targets: ["Sidecar"]),
        .executable(name: "sts-node", targets: ["NodeDriver"]),
        .library(name: "JSON", targets: ["JSON"]),
        .library(name: "JOSE", targets: ["JOSE"]),
        .library(name: "GatewayPluginAPI", targets: ["GatewayPluginAPI"]),
        .library(name: "GatewayPluginTesting", targets: ["GatewayPluginTesting"]),
        // For executables with another list of plugins.
        .library(name: "GatewayApp", targets: ["GatewayApp"]),
    ] + providerPlugins.map { .library(name: "\($0.name)Plugin", targets: ["\($0.name)Plugin"]) },
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "JSON", path: "Sources/Gateway/JSON", swiftSettings: settings),
        // Imports no package: the headers of libcrypto and BoringSSL have the same names.
        .systemLibrary(
            name: "CLibCrypto", path: "Sources/Gateway/RSASigning/CLibCrypto", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"])]),
        .target(
            name: "RSASigning", dependencies: ["CLibCrypto"], path: "Sources/Gateway/RSASigning/Signing",
            swiftSettings: settings),
        .testTarget(
            name: "RSASigningTests", dependencies: ["RSASigning", "GatewayTestSupport"] + crypto,
            path: "Tests/Gateway/RSASigningTests",
            swiftSettings: settings),
        .target(
            name: "JOSE", dependencies: ["JSON", "RSASigning"] + crypto, path: "Sources/Gateway/JOSE",
            swiftSettings: settings),
        .target(
            name: "GatewayPluginAPI",
            dependencies: ["JSON", "JOSE", logging, hashing],
            path: "Sources/Gateway/PluginAPI",
            swiftSettings: settings
        ),
        // What the plugins of clouds have in common.
        .target(
            name: "CloudAPI", dependencies: ["JSON", "GatewayPluginAPI", hashing, logging],
            path: "Sources/Gateway/CloudAPI", swiftSettings: settings),
        .testTarget(
            name: "CloudAPITests", dependencies: ["CloudAPI", "JSON", "GatewayPluginAPI", "GatewayPluginTesting"],
            path: "Tests/Gateway/CloudAPITests", swiftSettings: settings),
        // For tests of plugins in this package and in others.
        .target(
            name: "GatewayPluginTesting",
            dependencies: ["JSON", "JOSE", "GatewayPluginAPI", logging],
            path: "Sources/Gateway/PluginTesting",
            swiftSettings: settings
        ),
        .target(
            name: "GatewayCore",
            dependencies: ["JSON", "JOSE", "GatewayPluginAPI", "KubernetesAPI", hashing, logging],
            path: "Sources/Gateway/Core",
            swiftSettings: settings
        ),
        // The Kubernetes API as values, and a client. Both are independent of this gateway.
        .target(
            name: "KubernetesAPI", dependencies: ["JSON"], path: "Sources/Gateway/KubernetesAPI",
            swiftSettings: settings),
        .target(
            name: "Kubernetes",
            dependencies: [
                "JSON", "KubernetesAPI", "LocalFiles", logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Gateway/Kubernetes",
            swiftSettings: settings
        ),
        // System calls on files. A target without other imports avoids ambiguous names.
        .target(name: "LocalFiles", path: "Sources/Gateway/LocalFiles", swiftSettings: settings),
        .target(name: "CSystemMemory", path: "Sources/Gateway/SystemMemory"),
        .target(name: "CSystemThreads", path: "Sources/Gateway/SystemThreads"),
        .systemLibrary(name: "CSystemTime", path: "Sources/Gateway/SystemTime"),
        // Parses YAML into nodes, without resolving them.
        .systemLibrary(
            name: "CLibYAML", path: "Sources/Gateway/YAML/CLibYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"])]),
        .target(
            name: "YAML", dependencies: ["CLibYAML"], path: "Sources/Gateway/YAML/Reading", swiftSettings: settings),
        .testTarget(
            name: "YAMLTests", dependencies: ["GatewayTestSupport", "JSON", "YAML"],
            path: "Tests/Gateway/YAMLTests", swiftSettings: settings),
        .target(
            name: "GatewayServer",
            dependencies: [
                "CSystemMemory", "CSystemThreads", "CSystemTime", "JSON", "JOSE", "GatewayPluginAPI", "GatewayCore",
                "Kubernetes",
                "KubernetesAPI", "LocalFiles", "YAML", logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ] + crypto,
            path: "Sources/Gateway/Server",
            swiftSettings: settings
        ),
        // The commands without the list of plugins, so that other packages can link other plugins.
        .target(
            name: "GatewayApp",
            dependencies: [
                "JSON", "JOSE", "GatewayPluginAPI", "GatewayCore", "GatewayServer", "KubernetesAPI", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Gateway/App",
            resources: [.embedInCode("Presets/presets.json")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "Gateway",
            dependencies: ["GatewayApp", "GatewayPluginAPI"] + providerPlugins.map(\.dependency),
            path: "Sources/Gateway/Main",
            swiftSettings: settings
        ),

        // The client that the sidecar and the node driver share: no package and no Foundation, so that the programs are
        // small enough for every Pod and every node.
        .systemLibrary(
            name: "COpenSSL", path: "Sources/ExchangeClient/COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]),
        .target(
            name: "ExchangeClient", dependencies: ["COpenSSL"], path: "Sources/ExchangeClient/Client",
            swiftSettings: settings),
        .testTarget(
            name: "ExchangeClientTests", dependencies: ["ExchangeClient"], path: "Tests/ExchangeClientTests",
            swiftSettings: settings),
        .executableTarget(
            name: "Sidecar",
            dependencies: ["COpenSSL", "ExchangeClient"],
            path: "Sources/Sidecar/Program",
            swiftSettings: settings
        ),
        .testTarget(
            name: "SidecarTests",
            dependencies: ["ExchangeClient", "Sidecar"],
            path: "Tests/SidecarTests",
            swiftSettings: settings
        ),

        // Answers the kubelet over HTTP/2 with SwiftNIO, without Foundation.
        .systemLibrary(name: "CNodeSystem", path: "Sources/NodeDriver/CNodeSystem"),
        .executableTarget(
            name: "NodeDriver",
            dependencies: [
                "CNodeSystem", "COpenSSL", "ExchangeClient",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Sources/NodeDriver/Program",
            swiftSettings: settings
        ),
        .testTarget(
            name: "NodeDriverTests",
            dependencies: ["ExchangeClient", "NodeDriver"],
            path: "Tests/NodeDriverTests",
            swiftSettings: settings
        ),

        // Parses the XML responses of the AWS plugin's services.
        .systemLibrary(
            name: "CLibXML2", path: "Sources/Plugins/AWS/XML/CLibXML2", pkgConfig: "libxml-2.0",
            providers: [.apt(["libxml2-dev"])]),
        .target(
            name: "AWSXML", dependencies: ["CLibXML2"], path: "Sources/Plugins/AWS/XML/Reading", swiftSettings: settings
        ),
        .testTarget(
            name: "AWSXMLTests", dependencies: ["AWSXML"], path: "Tests/Plugins/AWSXMLTests", swiftSettings: settings),

        .target(
            name: "GatewayTestSupport",
            dependencies: ["JSON", "JOSE", "GatewayPluginAPI", "GatewayCore", logging],
            path: "Tests/Support",
            swiftSettings: settings
        ),
        .target(
            name: "FakeKubernetesAPI",
            dependencies: [
                "JSON", "JOSE", "GatewayTestSupport", hashing, logging,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            path: "Tests/FakeKubernetesAPI",
            swiftSettings: settings
        ),
        .target(
            name: "KubernetesTestSupport",
            dependencies: [
                "FakeKubernetesAPI", "GatewayTestSupport", "Kubernetes", "KubernetesAPI", logging,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Tests/KubernetesSupport",
            swiftSettings: settings
        ),
        .testTarget(
            name: "FakeKubernetesAPITests",
            dependencies: [
                "FakeKubernetesAPI", "GatewayPluginTesting", "JSON", "JOSE", "GatewayTestSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Tests/FakeKubernetesAPITests",
            swiftSettings: settings
        ),
        // scripts/fuzz builds this target with the sanitizers, and links it with libFuzzer.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "AWSXML", "ExchangeClient", "GatewayCore", "GatewayServer", "GatewayTestSupport", "JSON", "JOSE",
                "Kubernetes", logging,
            ],
            path: "Tests/Fuzz/Targets",
            swiftSettings: settings
        ),
        .testTarget(
            name: "FuzzTests",
            dependencies: ["FuzzTargets", "GatewayTestSupport"],
            path: "Tests/Fuzz/FuzzTests",
            swiftSettings: settings
        ),
        // scripts/sanitize shows with these that a sanitizer is in force.
        .systemLibrary(name: "CSeededFault", path: "Tests/Sanitizers/CSeededFault"),
        .testTarget(
            name: "SeededFaultTests", dependencies: ["CSeededFault"], path: "Tests/Sanitizers/SeededFaultTests",
            swiftSettings: settings),
        .testTarget(
            name: "JSONTests", dependencies: ["GatewayTestSupport", "JSON"], path: "Tests/Gateway/JSONTests",
            swiftSettings: settings),
        .testTarget(
            name: "JOSETests",
            dependencies: ["JSON", "JOSE", "GatewayTestSupport"] + crypto,
            path: "Tests/Gateway/JOSETests",
            swiftSettings: settings
        ),
        .testTarget(
            name: "PluginAPITests",
            dependencies: ["JSON", "JOSE", "GatewayPluginAPI", "GatewayPluginTesting", "GatewayTestSupport"],
            path: "Tests/Gateway/PluginAPITests",
            swiftSettings: settings
        ),
        .testTarget(
            name: "KubernetesAPITests",
            dependencies: ["JSON", "KubernetesAPI"],
            path: "Tests/Gateway/KubernetesAPITests",
            swiftSettings: settings
        ),
        .testTarget(
            name: "KubernetesTests",
            dependencies: [
                "FakeKubernetesAPI", "GatewayPluginTesting", "GatewayTestSupport", "JSON", "Kubernetes",
                "KubernetesAPI", "KubernetesTestSupport",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Tests/Gateway/KubernetesTests",
            swiftSettings: settings
        ),
        .testTarget(
            name: "CoreTests",
            dependencies: [
                "JSON", "JOSE", "GatewayPluginAPI", "GatewayCore", "GatewayPluginTesting", "GatewayTestSupport",
                "KubernetesAPI", hashing, logging,
            ],
            path: "Tests/Gateway/CoreTests",
            swiftSettings: settings
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "FakeKubernetesAPI", "JSON", "JOSE", "GatewayPluginAPI", "GatewayCore", "GatewayServer",
                "GatewayPluginTesting", "GatewayTestSupport", "Kubernetes", "KubernetesAPI", "KubernetesTestSupport",
                logging,
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            path: "Tests/Gateway/ServerTests",
            swiftSettings: settings
        ),
        .testTarget(
            name: "AppTests",
            dependencies: [
                "Gateway", "GatewayApp", "JSON", "JOSE", "GatewayPluginAPI", "GatewayPluginTesting", "GatewayCore",
                "GatewayServer", "GatewayTestSupport", "KubernetesAPI", logging,
            ],
            path: "Tests/Gateway/AppTests",
            swiftSettings: settings
        ),
        .testTarget(
            name: "AcceptanceTests",
            dependencies: [
                "FakeKubernetesAPI", "Gateway", "GatewayCore", "GatewayServer", "JSON", "JOSE", "GatewayTestSupport",
                "Kubernetes", "KubernetesTestSupport", logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Tests/Acceptance",
            swiftSettings: settings
        ),

        // `make bench` runs these in release. They are in this package because they measure what has package access.
        .executableTarget(
            name: "FilterBenchmark", dependencies: ["GatewayCore", "GatewayPluginAPI"],
            path: "Benchmarks/FilterBenchmark", swiftSettings: settings),
        .executableTarget(
            name: "AdmissionBenchmark", dependencies: ["GatewayCore", "GatewayPluginAPI", "JSON", "JOSE", logging],
            path: "Benchmarks/AdmissionBenchmark", swiftSettings: settings),
        .executableTarget(
            name: "XMLBenchmark", dependencies: ["AWSXML"], path: "Benchmarks/XMLBenchmark", swiftSettings: settings),
        .executableTarget(
            name: "SignatureBenchmark", dependencies: ["JOSE"], path: "Benchmarks/SignatureBenchmark",
            swiftSettings: settings),
        .executableTarget(
            name: "PlainRoute",
            dependencies: [
                logging,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Benchmarks/PlainRoute", swiftSettings: settings),
    ] + providerPlugins.flatMap(\.targets),
    swiftLanguageModes: [.v6]
)
