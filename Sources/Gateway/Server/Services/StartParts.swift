import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import Logging
import NIOCore
import ServiceLifecycle

/// What a gateway is put together from, each part tried whatever became of the others, so that every problem is told.
struct StartParts {
    private(set) var store: (any SigningKeyStore)?
    private(set) var reviewer: (any TokenReviewing)?
    private(set) var certificates: ServingCertificates?
    private(set) var services: [any Service] = []
    private(set) var problems: [ConfigurationProblem] = []

    private let configuration: GatewayConfiguration
    private let resolve: (String) -> String
    private let logger: Logger

    init(configuration: GatewayConfiguration, resolve: @escaping (String) -> String, now: Date, logger: Logger) {
        self.configuration = configuration
        self.resolve = resolve
        self.logger = logger
        openStore()
        openReviewer()
        readCertificates(at: now)
    }

    private mutating func openStore() {
        switch configuration.keyStore {
        case .kubernetes:
            problem("keyStore", "this version keeps keys in a directory only; set keyStore: {directory: PATH}")
        case .directory(let path):
            do {
                store = try DirectorySigningKeyStore(path: resolve(path))
            } catch {
                problem("keyStore.directory", "\(error)")
            }
        }
    }

    private mutating func openReviewer() {
        switch configuration.review {
        case .kubernetes:
            problem("review", "this version reviews offline only; set review: {offline: {jwks: FILE, issuer: URL}}")
        case .offline(let keys, let issuer):
            logger.warning("the offline reviewer cannot see deleted Pods: a token stays good until it expires")
            switch keys {
            case .file(let path):
                if let failure = KeySetCache.failure(ofFile: resolve(path)) {
                    problem("review.offline.jwks", failure.reason)
                }
                reviewer = OfflineTokenReviewer(keys: KeySetCache(file: resolve(path)), issuer: issuer)
            case .url(let url):
                let client = HTTPClientService()
                services.append(client)
                reviewer = OfflineTokenReviewer(keys: KeySetCache(url: url, client: client.client), issuer: issuer)
            }
        }
    }

    private mutating func readCertificates(at now: Date) {
        guard configuration.certificates.isEmpty else {
            let read = configuration.certificates.enumerated().compactMap { readCertificate($1, at: $0) }
            if let first = read.first, read.count == configuration.certificates.count {
                certificates = ServingCertificates(first: first, others: Array(read.dropFirst()))
            }
            return
        }
        guard case .directory(let path) = configuration.keyStore else { return }
        do {
            let authority = try ServingAuthorityStore(path: resolve(path)).authority(at: now)
            let leaf = try authority.issue(names: ["localhost"], addresses: [[127, 0, 0, 1], Self.loopback6], from: now)
            certificates = ServingCertificates(first: leaf, others: [])
        } catch {
            problem("tls", "\(error)")
        }
    }

    private static let loopback6 = [UInt8](repeating: 0, count: 15) + [1]

    private mutating func readCertificate(
        _ files: GatewayConfiguration.CertificateFiles, at index: Int
    ) -> ServingCertificate? {
        let key = "tls.certificates[\(index)]"
        func contents(_ path: String) -> String? {
            FileManager.default.contents(atPath: resolve(path)).map { String(decoding: $0, as: UTF8.self) }
        }
        let chain = contents(files.certificate)
        let privateKey = contents(files.key)
        if chain == nil { problem("\(key).certificate", "\"\(files.certificate)\" cannot be read") }
        if privateKey == nil { problem("\(key).key", "\"\(files.key)\" cannot be read") }
        guard let chain, let privateKey else { return nil }
        do {
            return try ServingCertificate(chainPEM: chain, keyPEM: privateKey)
        } catch {
            problem(key, "\(error)")
            return nil
        }
    }

    private mutating func problem(_ keyPath: String, _ message: String) {
        problems.append(ConfigurationProblem(.error, at: keyPath, message))
    }
}
