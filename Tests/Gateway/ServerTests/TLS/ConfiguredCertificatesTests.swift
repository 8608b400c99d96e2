import Foundation
import GatewayCore
import GatewayTestSupport
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("Configured certificates", .hangs)
struct ConfiguredCertificatesTests {
    private let folder: TemporaryFolder
    private let authority: SelfSignedCA
    private let time = TestScheduler()
    private let log = KeptLog()

    init() throws {
        folder = try TemporaryFolder()
        authority = try SelfSignedCA(from: Date())
    }

    private func leaf(_ name: String) throws -> ServingIdentity.Certificate {
        try authority.sign(
            CertificateNames(dns: [name], addresses: []), from: Date(), to: Date().addingTimeInterval(86_400))
    }

    private func write(_ name: String, to place: String = "") throws {
        let leaf = try leaf(name)
        try folder.write(leaf.certificatePEM, to: "\(place)tls.crt")
        try folder.write(leaf.key.pem, to: "\(place)tls.key")
    }

    private func open(_ files: GatewayConfiguration.CertificateFiles...) throws -> ConfiguredCertificates {
        try ConfiguredCertificates(
            files, resolve: { [folder] in "\(folder.path)/\($0)" }, scheduler: time.scheduler, logger: log.logger)
    }

    private func names(_ certificates: ConfiguredCertificates) -> [[String]] {
        certificates.pairs.map(\.certificate.names)
    }

    @Test("Files that are written anew are served once they fit, and until then the last good ones are")
    func reload() throws {
        try write("one.example")
        let certificates = try open(.init(certificate: "tls.crt", key: "tls.key"))
        #expect(names(certificates) == [["one.example"]])
        certificates.reload()
        #expect(!log.text.contains("certificate reloaded"))
        // The certificate first, its key a little later.
        let second = try leaf("two.example")
        try folder.write(second.certificatePEM, to: "tls.crt")
        certificates.reload()
        certificates.reload()
        #expect(names(certificates) == [["one.example"]])
        #expect(log.text.components(separatedBy: "certificate rejected").count == 2)
        try folder.write(second.key.pem, to: "tls.key")
        certificates.reload()
        #expect(names(certificates) == [["two.example"]])
        for (text, file) in [("garbage", "tls.crt"), ("", "tls.key")] {
            let before = try folder.read(file)
            try folder.write(text, to: file)
            certificates.reload()
            #expect(names(certificates) == [["two.example"]])
            try folder.write(before, to: file)
            certificates.reload()
        }
        try FileManager.default.removeItem(atPath: "\(folder.path)/tls.crt")
        certificates.reload()
        #expect(names(certificates) == [["two.example"]])
        #expect(!log.text.contains("PRIVATE KEY"))
        try write("three.example")
        certificates.reload()
        #expect(names(certificates) == [["three.example"]])
    }

    @Test("A volume whose symbolic link is put upon another folder is read anew, as the kubelet replaces a Secret's")
    func symbolicLink() throws {
        let files = FileManager.default
        for (place, name) in [("..1", "one.example"), ("..2", "two.example")] {
            try files.createDirectory(atPath: "\(folder.path)/\(place)", withIntermediateDirectories: false)
            try write(name, to: "\(place)/")
        }
        try files.createSymbolicLink(atPath: "\(folder.path)/..data", withDestinationPath: "..1")
        for file in ["tls.crt", "tls.key"] {
            try files.createSymbolicLink(atPath: "\(folder.path)/\(file)", withDestinationPath: "..data/\(file)")
        }
        let certificates = try open(.init(certificate: "tls.crt", key: "tls.key"))
        #expect(names(certificates) == [["one.example"]])
        try files.createSymbolicLink(atPath: "\(folder.path)/..data_tmp", withDestinationPath: "..2")
        #expect(rename("\(folder.path)/..data_tmp", "\(folder.path)/..data") == 0)
        certificates.reload()
        #expect(names(certificates) == [["two.example"]])
    }

    @Test("It looks every five seconds, and tells of what it has taken on")
    func service() async throws {
        try write("one.example")
        let certificates = try open(.init(certificate: "tls.crt", key: "tls.key"))
        try await StoodInCluster.running {
            await certificates.run()
        } _: {
            await time.waitForSleeper { $0 == ConfiguredCertificates.interval }
            var changes = certificates.changes().makeAsyncIterator()
            try write("two.example")
            time.advance(by: ConfiguredCertificates.interval)
            await changes.next()
            #expect(names(certificates) == [["two.example"]])
        }
    }

    @Test("Everything that is wrong with the files is told at once, by its place in the configuration")
    func problems() throws {
        try write("one.example")
        try folder.write("no certificate", to: "ca.crt")
        try folder.write(try leaf("other.example").key.pem, to: "other.key")
        do {
            _ = try open(
                .init(certificate: "nowhere.crt", key: "nowhere.key"),
                .init(certificate: "tls.crt", key: "other.key"),
                .init(certificate: "tls.crt", key: "tls.key", authority: "ca.crt"))
            Issue.record("they were opened")
        } catch let error as ServingProblems {
            #expect(
                error.problems.map(\.keyPath) == [
                    "tls.certificates[0].certificate", "tls.certificates[0].key", "tls.certificates[1]",
                    "tls.certificates[2].ca",
                ])
        }
    }

    @Test("Each file that is not UTF-8 is a problem of its own")
    func notUTF8() throws {
        for file in ["tls.crt", "tls.key", "ca.crt"] {
            try Data([0x2D, 0xFF]).write(to: URL(fileURLWithPath: "\(folder.path)/\(file)"))
        }
        var files = GatewayConfiguration.CertificateFiles(certificate: "tls.crt", key: "tls.key")
        files.authority = "ca.crt"
        let error = #expect(throws: ServingProblems.self) { try open(files) }
        let problems = try #require(error?.problems)
        for key in ["certificate", "key", "ca"] {
            #expect(problems.contains { $0.keyPath == "tls.certificates[0].\(key)" && $0.message.contains("UTF-8") })
        }
    }
}
