import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import HTTPTypes
import Logging
import Testing

@testable import GatewayServer

@Suite("The certificates of a configuration")
struct OpenedServingTests {
    private let folder: TemporaryFolder
    private let ca: SelfSignedCA

    init() throws {
        folder = try TemporaryFolder()
        ca = try SelfSignedCA(from: Date())
        try folder.write(try ca.certificatePEM, to: "ca.pem")
    }

    private func write(_ file: String, _ names: [String]) throws -> GatewayConfiguration.CertificateFiles {
        let serving = try ca.sign(
            CertificateNames(dns: names, addresses: []), from: Date(), to: Date().addingTimeInterval(86_400))
        try folder.write(serving.certificatePEM, to: "\(file).pem")
        try folder.write(serving.key.pem, to: "\(file)-key.pem")
        return .init(certificate: "\(file).pem", key: "\(file)-key.pem")
    }

    private func open(
        namespace: String? = nil, _ adjust: (inout GatewayConfiguration) -> Void = { _ in }
    ) throws -> OpenedServing {
        var configuration = try ExampleGateway.configuration()
        configuration.keyStore = .directory("keys")
        adjust(&configuration)
        let host = HostEnvironment(
            version: "test", environment: [:], namespace: namespace,
            resolve: { [folder] in "\(folder.path)/\($0)" }, clock: { Date() }, writeAudit: { _ in true })
        let scheduler = Scheduler.system { Date() }
        let logger = RecordedJSONLog().logger
        let keyStore = try OpenedKeyStore(configuration, in: host, scheduler: scheduler, logger: logger)
        return try OpenedServing(
            configuration, in: host, keyStore: keyStore, scheduler: scheduler, logger: logger)
    }

    private func names(_ certificates: ServingCertificates, as name: String? = "localhost") throws -> Set<String> {
        let trust = certificates.issuers.isEmpty ? try ca.certificatePEM : certificates.issuers
        let serving = try MemoryHandshake.servingCertificate(
            of: certificates.tlsConfiguration, trusting: trust, as: name)
        return Set(MemoryHandshake.dnsNames(serving))
    }

    @Test("With a key directory the serving certificate is available immediately, for localhost and the Services")
    func own() throws {
        let alone = try open()
        #expect(try names(alone.certificates) == ["localhost"])
        #expect(try names(alone.certificates, as: nil) == ["localhost"])
        #expect(alone.certificates.trust == alone.certificates.issuers && alone.certificates.problem == nil)
        #expect(try folder.read("keys/serving-ca.pem") == alone.certificates.issuers)
    }

    @Test("The serving certificate has the names of the Services, tls.names and the host of the gateway URL")
    func allNames() throws {
        let serving = try open(namespace: "sts") { configuration in
            configuration.certificateNames = ["sts.internal.example"]
            configuration.injection.gatewayURL = "https://tokens.sts.svc:8443"
            configuration.injection.webhook.service = "hook"
        }
        var expected: Set = ["localhost", "sts.internal.example"]
        for service in ["sts-gateway", "tokens", "hook"] {
            expected.formUnion([
                service, "\(service).sts", "\(service).sts.svc", "\(service).sts.svc.cluster.local",
            ])
        }
        #expect(try names(serving.certificates) == expected)
        #expect(try names(serving.webhook, as: "hook.sts.svc") == expected)
    }

    @Test(
        "The token listener uses configured certificates; the webhook uses them if one has its name"
    )
    func configured() throws {
        let files = try write("one", ["one.example"])
        let serving = try open(namespace: "sts") { $0.certificates = [files] }
        #expect(try names(serving.certificates, as: "one.example") == ["one.example"])
        #expect(serving.certificates.issuers.isEmpty && serving.certificates.trust == nil)
        #expect(try names(serving.webhook, as: "sts-gateway-webhook.sts.svc").contains("sts-gateway.sts.svc"))
        let fitting = try write("hook", ["sts-gateway-webhook.sts.svc"])
        let both = try open(namespace: "sts") { $0.certificates = [files, fitting] }
        #expect(try names(both.webhook, as: "sts-gateway-webhook.sts.svc") == ["sts-gateway-webhook.sts.svc"])
        #expect(both.services.count == 1)
    }

    @Test("Pods trust the configured CA of the certificate for the gateway URL")
    func trust() throws {
        var first = try write("one", ["one.example"])
        var second = try write("two", ["two.example"])
        second.authority = "ca.pem"
        let ca = PEMCertificates.joined([try self.ca.certificatePEM])
        let files = [first, second]
        let serving = try open {
            $0.certificates = files
            $0.injection.gatewayURL = "https://two.example:8443"
        }
        #expect(serving.certificates.trust == ca && serving.certificates.issuers == ca)
        var other = try ExampleGateway.configuration()
        other.injection.gatewayURL = "https://one.example"
        serving.apply(other)
        #expect(serving.certificates.trust == nil)
        first.authority = "ca.pem"
        let changed = [first, second]
        #expect(try open { $0.certificates = changed }.certificates.trust == ca)
    }

    @Test("The gateway refuses to start with invalid configured files")
    func problems() throws {
        #expect(throws: ServingProblems.self) {
            try open { $0.certificates = [.init(certificate: "nowhere.pem", key: "nowhere.pem")] }
        }
    }

    @Test("GET /ca-bundle returns the CA bundle in force with an entity tag, and 404 without one")
    func bundle() async throws {
        let certificates = ServingCertificates(unavailable: "not loaded yet")
        var table = RouteTable()
        CertificateRoutes { certificates.issuers }.add(to: &table)
        let gateway = try ExampleGateway()
        let responder = GatewayResponder(
            table: table, maximumBodyBytes: 1_024, decisions: nil, logger: RecordedJSONLog().logger)
        #expect(try await gateway.send(.get, "/ca-bundle", to: responder).status == 404)
        func serve(_ ca: SelfSignedCA) throws {
            let certificate = try ca.issue(names: ["localhost"], addresses: [], from: Date())
            certificates.replace(with: ServingCertificates.Served(first: certificate))
        }
        try serve(ca)
        let first = try await gateway.send(.get, "/ca-bundle", to: responder)
        let pem = try ca.certificatePEM
        #expect(first.status == 200 && first.text == pem)
        #expect(first.headers[.contentType] == "application/pem-certificate-chain")
        let tag = try #require(first.headers[.eTag])
        let again = try await gateway.send(.get, "/ca-bundle", headers: [.ifNoneMatch: tag], to: responder)
        #expect(again.status == 304)
        try serve(try SelfSignedCA(from: Date()))
        let second = try await gateway.send(.get, "/ca-bundle", headers: [.ifNoneMatch: tag], to: responder)
        #expect(second.status == 200 && second.headers[.eTag] != tag)
    }
}
