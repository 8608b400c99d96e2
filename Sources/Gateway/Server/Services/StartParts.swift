import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import Logging
import NIOCore
import ServiceLifecycle

/// What a gateway is put together from, each part tried whatever became of the others, so that every problem is told.
struct StartParts {
    private(set) var keyStore: OpenedKeyStore?
    private(set) var reviewer: (any TokenReviewing)?
    /// nil where the review is offline.
    private(set) var metadata: (any WorkloadMetadataReading)?
    private(set) var certificates: ServingCertificates?
    private(set) var services: [any Service] = []
    private(set) var problems: [ConfigurationProblem] = []

    private let configuration: GatewayConfiguration
    private let surroundings: GatewayAssembly.Surroundings
    private let observe: TokenReviewObserver
    private let pacing: Pacing
    private let logger: Logger

    init(
        configuration: GatewayConfiguration, surroundings: GatewayAssembly.Surroundings,
        observe: @escaping TokenReviewObserver, pacing: Pacing, logger: Logger
    ) {
        self.configuration = configuration
        self.surroundings = surroundings
        self.observe = observe
        self.pacing = pacing
        self.logger = logger
        let now = surroundings.clock()
        openStore()
        openReviewer(at: now)
        readCertificates(at: now)
    }

    /// Ends what was begun for a gateway that does not start: an HTTP client must not go without its shutdown.
    func abandon() async {
        for service in services { try? await (service as? HTTPClientService)?.client.shutdown() }
        await keyStore?.abandon()
    }

    private func resolve(_ path: String) -> String { surroundings.resolve(path) }

    private mutating func openStore() {
        do throws(OpenedKeyStore.Problem) {
            keyStore = try OpenedKeyStore(configuration, in: surroundings, pacing: pacing, logger: logger)
        } catch {
            problem(error.keyPath, error.message)
        }
    }

    private mutating func openReviewer(at now: Date) {
        switch configuration.review {
        case .kubernetes(let kubeconfig):
            do throws(KubernetesConnectionError) {
                let made = try KubernetesTokenReviewer.make(
                    kubeconfig: kubeconfig.map(resolve), environment: surroundings.environment, at: now, logger: logger,
                    observe: observe)
                reviewer = made.reviewer
                metadata = made.metadata
                services += made.services
            } catch {
                for text in error.problems { problem("review", text) }
            }
        case .offline(let keys, let issuer):
            logger.warning("the offline reviewer cannot see deleted Pods: a token stays good until it expires")
            switch keys {
            case .file(let path):
                if let failure = KeySetCache.failure(ofFile: resolve(path)) {
                    problem(
                        "review.offline.jwks",
                        failure.reason + "; write there what kubectl get --raw /openid/v1/jwks prints")
                }
                reviewer = OfflineTokenReviewer(
                    keys: KeySetCache(file: resolve(path)), issuer: issuer, observe: observe)
            case .url(let url):
                let client = HTTPClientService()
                services.append(client)
                reviewer = OfflineTokenReviewer(
                    keys: KeySetCache(url: url, client: client.client), issuer: issuer, observe: observe)
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
        guard case .directory(let path) = configuration.keyStore else {
            problem(
                "tls",
                "this version makes a certificate of its own only beside a key directory; name tls.certificates")
            return
        }
        do {
            let authority = try ServingAuthorityStore(path: resolve(path)).authority(at: now)
            let leaf = try authority.issue(
                names: ["localhost"], addresses: [[127, 0, 0, 1], Self.loopback6], from: now)
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
        if chain == nil {
            problem("\(key).certificate", "\"\(files.certificate)\" cannot be read; name a readable file")
        }
        if privateKey == nil { problem("\(key).key", "\"\(files.key)\" cannot be read; name a readable file") }
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
