import Foundation
import GatewayCore
import GatewayTestSupport
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("Configured certificates", .hangs)
struct ConfiguredCertificatesTests {
    private let folder: TemporaryFolder
    private let ca: SelfSignedCA
    private let time = TestScheduler()
    private let log = RecordedJSONLog()

    init() throws {
        folder = try TemporaryFolder()
        ca = try SelfSignedCA(from: Date())
    }

    private func certificate(_ name: String) throws -> ServingIdentity.Certificate {
        try ca.sign(
            CertificateNames(dns: [name], addresses: []), from: Date(), to: Date().addingTimeInterval(86_400))
    }

    private func write(_ name: String, to folderName: String = "") throws {
        let serving = try certificate(name)
        try folder.write(serving.certificatePEM, to: "\(folderName)tls.crt")
        try folder.write(serving.key.pem, to: "\(folderName)tls.key")
    }

    private func open(_ files: GatewayConfiguration.CertificateFiles...) throws -> ConfiguredCertificates {
        try ConfiguredCertificates(
            files, resolve: { [folder] in "\(folder.path)/\($0)" }, scheduler: time.scheduler, logger: log.logger)
    }

    private func names(_ certificates: ConfiguredCertificates) -> [[String]] {
        certificates.pairs.map(\.certificate.names)
    }

    @Test("Changed files are served when they are valid, and the last valid ones until then")
    func reload() throws {
        try write("one.example")
        let certificates = try open(.init(certificate: "tls.crt", key: "tls.key"))
        #expect(names(certificates) == [["one.example"]])
        certificates.reload()
        #expect(!log.text.contains("certificate reloaded"))
        // The certificate first, its key a little later.
        let second = try certificate("two.example")
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

    @Test("A volume whose symbolic link is replaced is read again, as with a mounted Secret")
    func symbolicLink() throws {
        let files = FileManager.default
        for (version, name) in [("..1", "one.example"), ("..2", "two.example")] {
            try files.createDirectory(atPath: "\(folder.path)/\(version)", withIntermediateDirectories: false)
            try write(name, to: "\(version)/")
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

    @Test("The files are checked every five seconds, and a change is logged")
    func service() async throws {
        try write("one.example")
        let certificates = try open(.init(certificate: "tls.crt", key: "tls.key"))
        try await FakeCluster.running {
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

    @Test("All problems of the files are reported with their key paths")
    func problems() throws {
        try write("one.example")
        try folder.write("no certificate", to: "ca.crt")
        try folder.write(try certificate("other.example").key.pem, to: "other.key")
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

    /// CA certificates of other issuers, together at least so many bytes long.
    private func others(_ bytes: Int) throws -> String {
        let one = try SelfSignedCA(from: Date()).certificatePEM
        return try (0...bytes / one.utf8.count).map { _ in try SelfSignedCA(from: Date()).certificatePEM }.joined()
    }

    @Test("Of a large CA file Pods get the CAs that the chain ends in, and clients of /ca-bundle all")
    func largeAuthority() throws {
        try write("one.example")
        let (others, own) = (try others(128 << 10), try ca.certificatePEM)
        try folder.write(others + own, to: "ca.crt")
        let pair = try #require(
            try open(.init(certificate: "tls.crt", key: "tls.key", authority: "ca.crt")).pairs.first)
        #expect(pair.trust == own)
        #expect(pair.authority == others + own)
        #expect(pair.warning == nil && !log.text.contains("configuration warning"))
        // Two CAs, of which one has announced the other.
        let announced = try SelfSignedCA(from: Date()).certificatePEM
        try folder.write(own + announced, to: "ca.crt")
        let small = try open(.init(certificate: "tls.crt", key: "tls.key", authority: "ca.crt"))
        #expect(small.pairs.first?.trust == own + announced)
    }

    @Test(
        "CAs for Pods above 64 KiB are a warning and above 120 KiB an error: at the start, at a reload, and in a check")
    func tooManyAuthorities() throws {
        try write("one.example")
        // None of them has issued the certificate.
        let (many, tooMany) = (try others(65 << 10), try others(121 << 10))
        let files = GatewayConfiguration.CertificateFiles(
            certificate: "tls.crt", key: "tls.key", authority: "ca.crt")
        func checked() -> [ConfigurationProblem] {
            TrustedCAs.problems(of: [files]) { "\(folder.path)/\($0)" }
        }
        #expect(checked().isEmpty, "a check where the files are missing")
        try folder.write(many, to: "ca.crt")
        let certificates = try open(files)
        #expect(log.text.components(separatedBy: "configuration warning").count == 2)
        #expect(checked().map(\.severity) == [.warning])
        try folder.write(tooMany, to: "ca.crt")
        certificates.reload()
        #expect(log.text.contains("certificate rejected") && log.text.contains("tls.certificates[0].ca"))
        #expect(certificates.pairs.first?.trust == many)
        #expect(checked().map(\.severity) == [.error] && checked().map(\.keyPath) == ["tls.certificates[0].ca"])
        #expect(throws: ServingProblems.self) { try open(files) }
        try folder.write(try ca.certificatePEM, to: "ca.crt")
        certificates.reload()
        #expect(certificates.pairs.first?.trust == (try ca.certificatePEM))
        #expect(checked().isEmpty)
    }
}
