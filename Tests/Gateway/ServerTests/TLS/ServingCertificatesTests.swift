import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import NIOSSL
import SwiftASN1
import Testing
import X509

@testable import GatewayServer

@Suite("What a listener serves", .hangs)
struct ServingCertificatesTests {
    /// The TLS library goes by real time.
    private let now = Date()

    private func names(_ certificate: Certificate) -> [String] { MemoryHandshake.dnsNames(certificate) }

    private func authority(_ names: CertificateNames?) throws -> SelfSignedCA {
        try SelfSignedCA(from: now, constraint: names.map { NameConstraint(for: $0) })
    }

    @Test("Each handshake is served what is in force then, also by a listener that began before there was anything")
    func replacement() throws {
        let authority = try authority(nil)
        let trust = try authority.certificatePEM
        let certificates = ServingCertificates(unavailable: "it is early")
        let configuration = certificates.tlsConfiguration
        #expect(certificates.problem == "it is early" && certificates.issuers == "" && certificates.trust == nil)
        #expect(throws: (any Error).self) {
            try MemoryHandshake.leaf(of: configuration, trusting: trust, as: "one.example")
        }
        certificates.report(unavailable: "it is still early")
        #expect(certificates.problem == "it is still early")
        let first = try authority.issue(names: ["one.example"], addresses: [], from: now)
        certificates.replace(with: ServingCertificates.Served(first: first))
        certificates.report(unavailable: "it is late")
        #expect(certificates.problem == nil && certificates.issuers == trust)
        let served = try MemoryHandshake.leaf(of: configuration, trusting: trust, as: "one.example")
        #expect(names(served) == ["one.example"])
        let second = try authority.issue(names: ["one.example", "two.example"], addresses: [], from: now)
        certificates.replace(with: ServingCertificates.Served(first: second))
        let then = try MemoryHandshake.leaf(of: configuration, trusting: trust, as: "one.example")
        #expect(names(then) == ["one.example", "two.example"])
    }

    @Test("The certificate is chosen by the name that is asked for, the first where none fits or none is sent")
    func choice() throws {
        let authority = try authority(nil)
        let trust = try authority.certificatePEM
        func issue(_ names: [String]) throws -> ServingCertificate {
            try authority.issue(names: names, addresses: [[127, 0, 0, 1]], from: now)
        }
        let certificates = ServingCertificates(
            first: try issue(["one.example"]), others: [try issue(["two.example"]), try issue(["*.three.example"])])
        for (asked, expected) in [
            ("one.example", "one.example"), ("two.example", "two.example"), ("a.three.example", "*.three.example"),
            (nil, "one.example"),
        ] {
            let leaf = try MemoryHandshake.leaf(of: certificates.tlsConfiguration, trusting: trust, as: asked)
            #expect(names(leaf).first == expected)
        }
        let named = ServingCertificates(
            first: try authority.issue(names: ["one.example"], addresses: [], from: now), others: [])
        #expect(throws: (any Error).self) {
            try MemoryHandshake.leaf(of: named.tlsConfiguration, trusting: trust, as: "four.example")
        }
    }

    @Test("Waiting for something to serve ends with it, and is over at once where there is something")
    func readiness() async throws {
        let certificates = ServingCertificates(unavailable: "it is early")
        let leaf = try authority(nil).issue(names: ["one.example"], addresses: [], from: now)
        async let problem = {
            await certificates.untilReady()
            return certificates.problem
        }()
        certificates.replace(with: ServingCertificates.Served(first: leaf))
        #expect(await problem == nil)
        await certificates.untilReady()
        #expect(certificates.problem == nil)
    }

    @Test("A verifier takes a leaf of an authority only for the names that the authority may sign for")
    func nameConstraints() throws {
        let permitted = CertificateNames(dns: ["sts-gateway.sts.svc", "*.example.com"], addresses: [])
        let authority = try authority(permitted)
        let trust = try authority.certificatePEM
        func check(_ dns: [String], _ addresses: [[UInt8]] = [], as name: String?) throws {
            let leaf = try authority.issue(names: dns, addresses: addresses, from: now)
            _ = try MemoryHandshake.leaf(
                of: ServingCertificates(first: leaf, others: []).tlsConfiguration, trusting: trust, as: name)
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

    @Test("An authority that may sign for addresses is taken with them, of both families")
    func addresses() throws {
        let v6 = [UInt8](repeating: 0, count: 15) + [1]
        let authority = try authority(CertificateNames(dns: ["localhost"], addresses: [[127, 0, 0, 1], v6]))
        let leaf = try authority.issue(names: ["localhost"], addresses: [[127, 0, 0, 1], v6], from: now)
        let certificates = ServingCertificates(first: leaf, others: [])
        for address in ["127.0.0.1", "::1"] {
            _ = try MemoryHandshake.leaf(
                of: certificates.tlsConfiguration, trusting: try authority.certificatePEM, as: nil, address: address)
        }
        #expect(throws: (any Error).self) {
            try MemoryHandshake.leaf(
                of: certificates.tlsConfiguration, trusting: try authority.certificatePEM, as: nil,
                address: "192.0.2.1")
        }
    }

    @Test("With the authorities of an overlap a client takes the leaf of either, and without the new one not its leaf")
    func overlap() throws {
        let names = CertificateNames(dns: ["localhost"], addresses: [])
        let (old, new) = (try authority(names), try authority(names))
        let both = try old.certificatePEM + new.certificatePEM
        for authority in [old, new] {
            let leaf = try authority.issue(names: ["localhost"], addresses: [], from: now)
            _ = try MemoryHandshake.leaf(
                of: ServingCertificates(first: leaf, others: []).tlsConfiguration, trusting: both, as: "localhost")
        }
        let leaf = try new.issue(names: ["localhost"], addresses: [], from: now)
        #expect(throws: (any Error).self) {
            try MemoryHandshake.leaf(
                of: ServingCertificates(first: leaf, others: []).tlsConfiguration,
                trusting: try old.certificatePEM, as: "localhost")
        }
    }
}
