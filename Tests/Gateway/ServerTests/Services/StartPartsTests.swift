import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite struct StartPartsTests {
    private let folder: TemporaryFolder
    private let log = RecordedJSONLog()

    init() throws { folder = try TemporaryFolder() }

    /// - Returns: the parts, after the end of what they have opened.
    private func parts(
        environment: [String: String] = [:], _ adjust: (inout GatewayConfiguration) -> Void
    ) async throws -> StartParts {
        var configuration = try ExampleGateway.configuration(of: [])
        configuration.keyStore = .directory("keys")
        configuration.review = .offline(keys: .file("jwks.json"), issuer: "https://kubernetes.test")
        adjust(&configuration)
        let parts = StartParts(
            configuration: configuration,
            host: HostEnvironment(
                version: "test", environment: environment, namespace: nil,
                resolve: { [folder] in "\(folder.path)/\($0)" }, clock: { ExampleGateway.now },
                writeAudit: { _ in true }),
            observe: { _ in }, scheduler: TestScheduler().scheduler, logger: log.logger)
        await parts.shutdown()
        return parts
    }

    private func writeKeySet() throws {
        try folder.write(TestCluster(key: TestKeys.ec).keySet.json.text, to: "jwks.json")
    }

    @Test func `every part is opened from a valid configuration`() async throws {
        try writeKeySet()
        let parts = try await parts { _ in }
        #expect(parts.problems.isEmpty, "\(parts.problems)")
        #expect(parts.keyStore?.directory != nil && parts.reviewer != nil && parts.serving != nil)
        #expect(parts.metadata == nil && parts.cluster == nil && parts.services.isEmpty)
        #expect(log.text.contains("offline reviewer"))
    }

    @Test func `a key set behind a URL needs a client, which is shut down where the gateway does not start`()
        async throws
    {
        let parts = try await parts { configuration in
            configuration.review = .offline(
                keys: .url("https://kubernetes.test/jwks"), issuer: "https://kubernetes.test")
        }
        #expect(parts.problems.isEmpty && parts.services.count == 1)
    }

    @Test func `all problems are reported at once, each at its key`() async throws {
        try folder.write("a file", to: "keys")
        try folder.write("no certificate", to: "ca.pem")
        let parts = try await parts { configuration in
            configuration.certificates = [.init(certificate: "missing.pem", key: "missing.pem")]
            configuration.injection.webhook.clientAuthorityFile = "ca.pem"
        }
        let keys = parts.problems.map(\.keyPath)
        for key in ["keyStore.directory", "review.offline.jwks", "injection.webhook.clientCA"] {
            #expect(keys.filter { $0 == key }.count == 1, "\(key) in \(keys)")
        }
        #expect(keys.contains { $0.hasPrefix("tls.certificates") })
        #expect(parts.problems.allSatisfy { $0.severity == .error })
        #expect(parts.keyStore == nil && parts.serving == nil)
        #expect(parts.reviewer != nil)
    }

    @Test func `outside a cluster, a review and a key store in Kubernetes are two problems`() async throws {
        let parts = try await parts { configuration in
            configuration.review = .kubernetes(kubeconfig: nil)
            configuration.keyStore = .kubernetes
        }
        #expect(Set(parts.problems.map(\.keyPath)) == ["review", "keyStore"])
        #expect(parts.reviewer == nil && parts.keyStore == nil && parts.serving == nil)
    }

    @Test func `a client CA file with certificates is accepted`() async throws {
        try writeKeySet()
        try folder.write(try SelfSignedCA(from: ExampleGateway.now).certificatePEM, to: "ca.pem")
        let parts = try await parts { $0.injection.webhook.clientAuthorityFile = "ca.pem" }
        #expect(parts.problems.isEmpty)
    }
}
