import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import NIOSSL
import SwiftASN1
import Testing
import X509

@testable import GatewayServer

@Suite("The certificates of a listener", .hangs)
struct ServingCertificatesTests {
    /// The TLS library uses real time.
    private let now = Date()

    private func names(_ certificate: Certificate) -> [String] { MemoryHandshake.dnsNames(certificate) }

    private func ca(_ names: CertificateNames?) throws -> SelfSignedCA {
        try SelfSignedCA(from: now, constraint: names.map { NameConstraint(for: $0) })
    }

    @Test("Each handshake is served the certificate in force, also by a listener that started without one")
    func replacement() throws {
        let ca = try self.ca(nil)
        let trust = try ca.certificatePEM
        let certificates = ServingCertificates(unavailable: "it is early")
        let configuration = certificates.tlsConfiguration
        #expect(certificates.problem == "it is early" && certificates.issuers == "" && certificates.trust == nil)
        #expect(throws: (any Error).self) {
            try MemoryHandshake.servingCertificate(of: configuration, trusting: trust, as: "one.example")
        }
        certificates.report(unavailable: "it is still early")
        #expect(certificates.problem == "it is still early")
        let first = try ca.issue(names: ["one.example"], addresses: [], from: now)
        certificates.replace(with: ServingCertificates.Served(first: first))
        certificates.report(unavailable: "it is late")
        #expect(certificates.problem == nil && certificates.issuers == trust)
        let served = try MemoryHandshake.servingCertificate(of: configuration, trusting: trust, as: "one.example")
        #expect(names(served) == ["one.example"])
        let second = try ca.issue(names: ["one.example", "two.example"], addresses: [], from: now)
        certificates.replace(with: ServingCertificates.Served(first: second))
        let then = try MemoryHandshake.servingCertificate(of: configuration, trusting: trust, as: "one.example")
        #expect(names(then) == ["one.example", "two.example"])
    }

    @Test("The certificate is selected by SNI, the first one where none matches or the client sends none")
    func choice() throws {
        let ca = try self.ca(nil)
        let trust = try ca.certificatePEM
        func issue(_ names: [String]) throws -> ServingCertificate {
            try ca.issue(names: names, addresses: [[127, 0, 0, 1]], from: now)
        }
        let certificates = ServingCertificates(
            first: try issue(["one.example"]), others: [try issue(["two.example"]), try issue(["*.three.example"])])
        for (requested, expected) in [
            ("one.example", "one.example"), ("two.example", "two.example"), ("a.three.example", "*.three.example"),
            (nil, "one.example"),
        ] {
            let certificate = try MemoryHandshake.servingCertificate(
                of: certificates.tlsConfiguration, trusting: trust, as: requested)
            #expect(names(certificate).first == expected)
        }
        let named = ServingCertificates(
            first: try ca.issue(names: ["one.example"], addresses: [], from: now), others: [])
        #expect(throws: (any Error).self) {
            try MemoryHandshake.servingCertificate(of: named.tlsConfiguration, trusting: trust, as: "four.example")
        }
    }

    @Test("Waiting for a certificate ends when there is one")
    func readiness() async throws {
        let certificates = ServingCertificates(unavailable: "it is early")
        let certificate = try self.ca(nil).issue(names: ["one.example"], addresses: [], from: now)
        async let problem = {
            await certificates.untilReady()
            return certificates.problem
        }()
        certificates.replace(with: ServingCertificates.Served(first: certificate))
        #expect(await problem == nil)
        await certificates.untilReady()
        #expect(certificates.problem == nil)
    }

    @Test("A verifier accepts a certificate only for the names that the CA's name constraints permit")
    func nameConstraints() throws {
        let permitted = CertificateNames(dns: ["sts-gateway.sts.svc", "*.example.com"], addresses: [])
        let ca = try self.ca(permitted)
        let trust = try ca.certificatePEM
        func check(_ dns: [String], _ addresses: [[UInt8]] = [], as name: String?) throws {
            let certificate = try ca.issue(names: dns, addresses: addresses, from: now)
            _ = try MemoryHandshake.servingCertificate(
                of: ServingCertificates(first: certificate, others: []).tlsConfiguration, trusting: trust, as: name)
        }
        try check(["sts-gateway.sts.svc"], as: "sts-gateway.sts.svc")
        try check(["*.example.com"], as: "a.example.com")
        try check(["localhost"], as: "localhost")
        #expect(throws: (any Error).self) { try check(["evil.test"], as: "evil.test") }
        #expect(throws: (any Error).self) {
            try check(["sts-gateway.sts.svc", "evil.test"], as: "sts-gateway.sts.svc")
        }
        #expect(throws: (any Error).self) { try check(["localhost"], [[127, 0, 0, 1]], as: nil) }
        let certificate = try Certificate(pemEncoded: trust)
        let constraints = try #require(try certificate.extensions.nameConstraints)
        #expect(Array(constraints.permittedDNSDomains) == ["example.com", "localhost", "sts-gateway.sts.svc"])
        #expect(certificate.extensions[oid: .X509ExtensionID.nameConstraints]?.critical == true)
    }

    @Test("A CA that may sign for addresses is accepted with IPv4 and IPv6 addresses")
    func addresses() throws {
        let v6 = [UInt8](repeating: 0, count: 15) + [1]
        let ca = try self.ca(CertificateNames(dns: ["localhost"], addresses: [[127, 0, 0, 1], v6]))
        let certificate = try ca.issue(names: ["localhost"], addresses: [[127, 0, 0, 1], v6], from: now)
        let certificates = ServingCertificates(first: certificate, others: [])
        for address in ["127.0.0.1", "::1"] {
            _ = try MemoryHandshake.servingCertificate(
                of: certificates.tlsConfiguration, trusting: try ca.certificatePEM, as: nil, address: address)
        }
        #expect(throws: (any Error).self) {
            try MemoryHandshake.servingCertificate(
                of: certificates.tlsConfiguration, trusting: try ca.certificatePEM, as: nil,
                address: "192.0.2.1")
        }
    }

    @Test(
        "A client with both CAs of an overlap accepts the certificates of both"
    )
    func overlap() throws {
        let names = CertificateNames(dns: ["localhost"], addresses: [])
        let (old, new) = (try self.ca(names), try self.ca(names))
        let both = try old.certificatePEM + new.certificatePEM
        for ca in [old, new] {
            let certificate = try ca.issue(names: ["localhost"], addresses: [], from: now)
            _ = try MemoryHandshake.servingCertificate(
                of: ServingCertificates(first: certificate, others: []).tlsConfiguration, trusting: both,
                as: "localhost")
        }
        let certificate = try new.issue(names: ["localhost"], addresses: [], from: now)
        #expect(throws: (any Error).self) {
            try MemoryHandshake.servingCertificate(
                of: ServingCertificates(first: certificate, others: []).tlsConfiguration,
                trusting: try old.certificatePEM, as: "localhost")
        }
    }
}
