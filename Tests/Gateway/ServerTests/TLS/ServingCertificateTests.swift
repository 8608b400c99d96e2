import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import SwiftASN1
import Testing
import X509

@testable import GatewayServer

@Suite("Serving certificates")
struct ServingCertificateTests {
    let now = ExampleGateway.now

    private func message(_ chain: String, _ key: String) -> String? {
        do {
            _ = try ServingCertificate(chainPEM: chain, keyPEM: key)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("A certificate of the self-signed CA serves its names, and its chain has the CA")
    func ca() throws {
        let ca = try SelfSignedCA(from: now)
        let certificate = try ca.issue(
            names: ["Gateway.example.com", "*.svc.example.com"], addresses: [[127, 0, 0, 1]], from: now)
        #expect(certificate.issuers == (try ca.certificatePEM))
        for (host, serves) in [
            ("gateway.example.com", true), ("a.svc.example.com", true), ("a.b.svc.example.com", false),
            (".svc.example.com", false), ("svc.example.com", false), ("example.com", false), ("", false),
        ] {
            #expect(certificate.serves(host) == serves, "\(host)")
        }
    }

    @Test("An invalid chain, an invalid key and a foreign key are rejected with a reason")
    func refusals() throws {
        let key = TestKeys.ec.pkcs8PEM
        let chain = try KeyCertificate.selfSigned(for: TestKeys.ec, endpoint: "one", from: now, lifetime: 60).pem
        #expect(message(chain, key) == nil)
        #expect(message("garbage", key) == "invalid certificate chain; expected PEM")
        #expect(message(key, key) == "invalid certificate chain; expected PEM")
        #expect(message(chain, chain) == "invalid private key; expected an unencrypted key in PEM")
        let unfit = "the private key does not belong to the certificate, or the key usage lacks digitalSignature"
        #expect(message(chain, try SigningKey.generate(.es256).pkcs8PEM) == unfit)
        #expect(message(chain, TestKeys.rsa.pkcs8PEM) == unfit)
        let ca = try SelfSignedCA(from: now)
        #expect(message(try ca.certificatePEM, ca.keyPEM) == unfit)
    }

    @Test("A signing key's certificate holds its public key", arguments: [0, 1])
    func signingKeyCertificate(index: Int) throws {
        let key = index == 0 ? TestKeys.rsa : TestKeys.ec
        let made = try KeyCertificate.selfSigned(for: key, endpoint: "one", from: now, lifetime: 60)
        let certificate = try Certificate(pemEncoded: made.pem)
        #expect(certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
        #expect(try Certificate.PrivateKey(pemEncoded: key.pkcs8PEM).publicKey == certificate.publicKey)
    }
}
