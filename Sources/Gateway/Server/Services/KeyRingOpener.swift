public import FoundationEssentials
public import GatewayCore
import GatewayPluginAPI
import JOSE
public import Logging

/// Reads an endpoint's key ring at start, and makes the first one.
public struct KeyRingOpener: Sendable {
    let store: any SigningKeyStore
    let logger: Logger

    public init(store: any SigningKeyStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// The endpoint's keys. A ring that cannot be read is logged and leaves this one endpoint without a signing key.
    public func open(_ configuration: EndpointConfiguration, at now: Date) async -> SigningKeySnapshot {
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(configuration.name)"
        do {
            let ring = try await ring(configuration, at: now, logger)
            let claims = configuration.token.claims.map(\.name)
            return SigningKeySnapshot(ring: ring, issuer: configuration.issuer, privateClaimNames: claims)
        } catch {
            logger.error("key ring failed", metadata: ["reason": "\(error)"])
            return SigningKeySnapshot(failure: error)
        }
    }

    private func ring(
        _ configuration: EndpointConfiguration, at now: Date, _ logger: Logger
    ) async throws(KeyStoreError) -> KeyRing {
        if let stored = try await store.load(endpoint: configuration.name) {
            let algorithms = stored.ring.keys.map(\.signingKey.algorithm.rawValue)
            if stored.ring.active?.signingKey.algorithm != configuration.endpoint.algorithm {
                logger.warning(
                    "the ring's active key is not of the configured algorithm, and signs until it is rotated",
                    metadata: [
                        "ring": .array(algorithms.map { "\($0)" }),
                        "configured": "\(configuration.endpoint.algorithm.rawValue)",
                    ])
            }
            return stored.ring
        }
        let ring = try Self.firstRing(configuration, at: now)
        do {
            _ = try await store.save(ring, replacing: nil)
        } catch KeyStoreError.conflict {
            // Another replica was first: its ring is the ring.
            guard let stored = try await store.load(endpoint: configuration.name) else { throw .conflict }
            return stored.ring
        }
        logger.notice("key ring made", metadata: ["kid": "\(ring.keys[0].signingKey.keyID)"])
        return ring
    }

    /// A ring of one key, active at once: nobody can have cached its absence.
    private static func firstRing(
        _ configuration: EndpointConfiguration, at now: Date
    ) throws(KeyStoreError) -> KeyRing {
        let key: SigningKey
        do {
            key = try SigningKey.generate(
                configuration.endpoint.algorithm, rsaKeySize: configuration.endpoint.rsaKeySize)
        } catch {
            throw .malformed("\(error)")
        }
        let certificate = try KeyCertificate.selfSigned(
            for: key, endpoint: configuration.name, from: now, lifetime: 10 * 365 * 86_400)
        return KeyRing(
            endpoint: configuration.name, owner: KeyRing.newOwner(),
            keys: [KeyRing.Key(signingKey: key, state: .active, created: now, certificate: certificate)])
    }
}
