import FakeKubernetesAPI
import FoundationEssentials
import GatewayTestSupport
import KubernetesTestSupport
import Testing

@testable import Kubernetes

@Suite("Credentials for the API server")
struct KubernetesCredentialsTests {
    let now = ManualScheduler.start
    let folder: TemporaryFolder
    let log = RecordedLog()

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(try TestCertificateAuthority(now: now).certificatePEM, to: "ca.crt")
        try folder.write("one\n", to: "token")
    }

    private func access() throws -> ClusterAccess {
        try .inCluster(environment: ["KUBERNETES_SERVICE_HOST": "192.0.2.1"], folder: folder.path)
    }

    private func problems(_ access: ClusterAccess) -> [String] {
        do {
            _ = try KubernetesCredentials(access, at: now, logger: log.logger)
            return []
        } catch {
            return error.problems
        }
    }

    @Test("All unreadable files are reported by their paths")
    func unreadable() throws {
        var access = try access()
        access.authority = .file(folder.path + "/none.crt")
        access.token = .file(folder.path + "/none")
        #expect(
            problems(access)
                == ["none.crt", "none"].map {
                    "\(folder.path)/\($0): cannot be read; expected a readable file of at most 1 MiB"
                })
    }

    @Test("Invalid certificates, keys, pairs and tokens are rejected without quoting them")
    func unusable() throws {
        let own = try TestCertificateAuthority(now: now)
        let certificate = ClusterAccess.Material.bytes(Array(own.serverCertificatePEM.utf8))
        let key = ClusterAccess.Material.bytes(Array(own.serverKeyPEM.utf8))
        let otherKey = ClusterAccess.Material.bytes(Array(try TestCertificateAuthority(now: now).serverKeyPEM.utf8))
        let text = ClusterAccess.Material.bytes(Array("garbage".utf8))
        var access = try access()

        access.clientCertificate = .init(chain: certificate, key: key)
        #expect(problems(access).isEmpty)
        access.clientCertificate = .init(chain: certificate, key: otherKey)
        #expect(
            problems(access) == [
                "client certificate: certificate and key do not belong together; write a pair for client authentication"
            ])
        access.clientCertificate = .init(chain: certificate, key: text)
        #expect(
            problems(access) == [
                "client certificate: invalid certificate or key; expected PEM, the key without a password"
            ])
        access.clientCertificate = nil
        access.authority = text
        #expect(
            problems(access) == ["certificate authority: no certificate in PEM; write the API server's authority"])
        access.authority = certificate
        for token in ["", " \n", "gärbage", "a\u{0}b"] {
            access.token = .bytes(Array(token.utf8))
            #expect(
                problems(access) == [
                    "token: empty, or not ASCII without spaces; write only the token"
                ], "\(token)")
        }
    }

    @Test("Replaced files take effect; with a missing or invalid file the last valid content stays, logged once")
    func replacing() throws {
        let credentials = try KubernetesCredentials(try access(), at: now, logger: log.logger)
        #expect(credentials.current(at: now).token == "one")
        try folder.write("two", to: "token")
        #expect(credentials.current(at: now.addingTimeInterval(4)).token == "one")
        #expect(credentials.current(at: now.addingTimeInterval(5)).token == "two")

        try folder.write("", to: "token")
        for seconds in [10.0, 15, 20] {
            #expect(credentials.current(at: now.addingTimeInterval(seconds)).token == "two")
        }
        #expect(log.text.split(separator: "\n").count == 1)
        #expect(!log.text.contains("two"))
        try folder.write("three", to: "token")
        #expect(credentials.renew(at: now.addingTimeInterval(20)))
        #expect(credentials.current(at: now.addingTimeInterval(20)).token == "three")
    }

    @Test("Without files nothing is read again")
    func fixed() throws {
        var access = try access()
        access.token = .bytes(Array("fixed".utf8))
        let credentials = try KubernetesCredentials(access, at: now, logger: log.logger)
        #expect(!credentials.renew(at: now))
        #expect(credentials.current(at: now).token == "fixed")
    }
}
