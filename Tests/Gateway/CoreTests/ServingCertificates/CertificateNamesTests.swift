import FoundationEssentials
import GatewayCore
import Testing

@Suite("Names of the serving certificate")
struct CertificateNamesTests {
    @Test("The host of the gateway's URL is in lower case and without brackets")
    func hosts() {
        for (url, host) in [
            ("https://sts-gateway.sts.svc:8443", "sts-gateway.sts.svc"), ("https://STS.example.com", "sts.example.com"),
            ("https://192.0.2.1:8443/path", "192.0.2.1"), ("https://[2001:db8::1]:8443", "2001:db8::1"),
            ("https://", nil), ("sts.example.com", nil),
        ] {
            #expect(CertificateNames.host(ofURL: url) == host, "\(url)")
        }
    }

    @Test("Names are in lower case, sorted and without duplicates")
    func order() {
        let names = CertificateNames(
            dns: ["b", "A", "b"], addresses: [[2, 0, 0, 1], [1, 0, 0, 1], [2, 0, 0, 1]])
        #expect(names.dns == ["a", "b"] && names.addresses == [[1, 0, 0, 1], [2, 0, 0, 1]])
        #expect(names == CertificateNames(dns: ["a", "b"], addresses: [[1, 0, 0, 1], [2, 0, 0, 1]]))
    }

    @Test("A constraint permits its names, their subdomains, and the base of a wildcard")
    func constraint() {
        let constraint = NameConstraint(for: CertificateNames(dns: ["sts.svc", "*.example.com"], addresses: []))
        #expect(constraint.dns == ["example.com", "localhost", "sts.svc"] && !constraint.permitsAddresses)
        let names = CertificateNames(
            dns: ["sts.svc", "a.sts.svc", "xsts.svc", "*.example.com", "example.com", "localhost", "svc"],
            addresses: [[127, 0, 0, 1]])
        let permitted = names.permitted(by: constraint)
        #expect(permitted.dns == ["*.example.com", "a.sts.svc", "example.com", "localhost", "sts.svc"])
        #expect(permitted.addresses.isEmpty && names.permitted(by: nil) == names)
    }
}
