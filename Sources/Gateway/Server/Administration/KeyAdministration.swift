import FoundationEssentials
package import GatewayCore
import GatewayPluginAPI
package import JOSE
import Logging

/// The `keys` commands. Every write is compare-and-swap, so that gateways may run meanwhile.
package struct KeyAdministration: Sendable {
    package enum Rotation: Sendable, Equatable {
        /// The new key; the leading gateway advances it.
        case begun(KeyID)
        /// This key is to sign next already.
        case underWay(KeyID)
    }

    private let session: ManualSession

    package init(_ session: ManualSession) { self.session = session }

    /// The endpoints that have a ring, configured or not.
    package func endpoints() async throws(StoreError) -> [String] { try await session.keyStore.rings.names() }

    /// nil where there is none.
    package func ring(of endpoint: String) async throws(StoreError) -> KeyRing? {
        try await session.keyStore.rings.load(endpoint)?.value
    }

    /// Reads the issuer's public URL, and says what the ring waits for.
    ///
    /// - Returns: the verdict is nil where the URL is not to be read.
    package func outlook(
        _ ring: KeyRing, of configuration: EndpointConfiguration
    ) async -> (next: RotationStep, verdict: ProbeVerdict?) {
        let tools = PublicationTools(in: session.host, logger: session.logger)
        let opened = tools.open(configuration, keys: keys(ring, configuration))
        var publication = EndpointPublication(
            publisher: nil, reader: opened.probe, interval: configuration.probe.interval, now: session.scheduler.now,
            random: session.scheduler.random)
        var status = PublicationStatus()
        if configuration.probe.isEnabled, let documents = keys(ring, configuration).snapshot.documents {
            status = await publication.step(documents).status
        }
        await tools.close()
        return (
            ring.nextStep(at: session.scheduler.now(), policy: configuration.rotationPolicy, evidence: status.evidence),
            status.verdict
        )
    }

    /// Makes the key that is to sign next, unless there is one.
    package func rotate(_ configuration: EndpointConfiguration) async throws(StoreError) -> Rotation {
        while true {
            let stored = try await stored(configuration)
            if let successor = stored.value.successor { return .underWay(successor.keyID) }
            guard stored.value.keys.count < RotationPolicy.maximumKeys else {
                throw .rejected(
                    "the ring has \(stored.value.keys.count) keys; wait until old ones have left, or shorten token.ttl")
            }
            let ring = try await adding(to: stored.value, configuration)
            do {
                _ = try await session.keyStore.rings.save(ring, replacing: stored.version)
                if let successor = ring.successor { return .begun(successor.keyID) }
            } catch .conflict {
                continue
            }
        }
    }

    /// Takes a key out of the ring for good, and publishes the key set without it. What publishes takes its session
    /// first, while the old key still proves who it is.
    ///
    /// - Parameters:
    ///   - kid: nil for the key that signs.
    ///   - isForced: whether it is revoked although nothing can be published now.
    ///   - tell: takes a line for people.
    /// - Returns: the key; and whether the key set without it was published.
    package func revoke(
        _ configuration: EndpointConfiguration, kid: KeyID?, isForced: Bool, tell: @Sendable (String) -> Void
    ) async throws(StoreError) -> (kid: KeyID, isPublished: Bool) {
        let stored = try await stored(configuration)
        guard let kid = kid ?? stored.value.active?.keyID, stored.value[kid] != nil else {
            throw .rejected("there is no such key in the ring; see keys status")
        }
        let tools = PublicationTools(in: session.host, logger: session.logger)
        let opened = tools.open(configuration, keys: keys(stored.value, configuration))
        let result: Result<Bool, StoreError>
        do throws(StoreError) {
            result = .success(
                try await revoke(kid, stored, configuration, opened, isForced: isForced, tell: tell))
        } catch {
            result = .failure(error)
        }
        await tools.close()
        return (kid, try result.get())
    }

    private func revoke(
        _ kid: KeyID, _ stored: Stored<KeyRing>, _ configuration: EndpointConfiguration,
        _ opened: PublicationTools.Opened, isForced: Bool, tell: @Sendable (String) -> Void
    ) async throws(StoreError) -> Bool {
        if let publisher = opened.publisher {
            do {
                _ = try await publisher.stored(.keys)
            } catch {
                guard isForced else {
                    throw .rejected(
                        "the documents could not be published without the key now: \(error); "
                            + "mend that first, or revoke nevertheless with --force")
                }
                tell("\(configuration.name): not published yet: \(error)")
            }
        }
        var stored = stored
        var ring: KeyRing
        while true {
            guard let without = stored.value.revoking(kid, at: session.scheduler.now()) else { return true }
            ring = without
            // Nothing signs until a key is published that can.
            if ring.active == nil, ring.successor == nil { ring = try await adding(to: ring, configuration) }
            do {
                _ = try await session.keyStore.rings.save(ring, replacing: stored.version)
                break
            } catch .conflict {
                stored = try await self.stored(configuration)
            }
        }
        guard let publisher = opened.publisher,
            let documents = keys(ring, configuration).snapshot.documents
        else { return opened.publisher == nil }
        var publication = EndpointPublication(
            publisher: publisher, reader: nil, interval: configuration.probe.interval, now: session.scheduler.now,
            random: session.scheduler.random)
        let report = await publication.step(documents)
        for outcome in report.outcomes {
            tell(ManualPublication.told(outcome, at: publisher.location, of: configuration.name))
        }
        if report.status.invalidationFailure == nil, report.status.invalidatingSince != nil {
            tell("\(configuration.name): the edges are told to forget the old documents")
        }
        if let failure = report.status.invalidationFailure { tell("\(configuration.name): invalidation: \(failure)") }
        return report.status.failure == nil && report.status.invalidationFailure == nil
    }

    /// Deletes the ring of an endpoint that is no longer configured.
    ///
    /// - Parameter isForced: whether it is deleted although tokens of its keys may still be about.
    package func purge(_ endpoint: String, isForced: Bool) async throws(StoreError) {
        guard let stored = try await session.keyStore.rings.load(endpoint) else {
            throw .rejected("there is no key ring of \"\(endpoint)\"; see keys list")
        }
        // When a key that is active has signed last, nobody has written down.
        let longest = stored.value.keys.map(\.maximumTokenLifetime).max() ?? 0
        let last = stored.value.keys.compactMap(\.retired).max() ?? .distantPast
        let isOver = last.addingTimeInterval(Double(longest + RotationPolicy.leeway)) < session.scheduler.now()
        guard isForced || stored.value.active == nil && isOver else {
            throw .rejected(
                "tokens of its keys may be about until \(longest + RotationPolicy.leeway) seconds after the last "
                    + "gateway has dropped the endpoint; delete it then with --force")
        }
        try await session.keyStore.rings.delete(endpoint, version: stored.version)
    }

    private func stored(_ configuration: EndpointConfiguration) async throws(StoreError) -> Stored<KeyRing> {
        guard let stored = try await session.keyStore.rings.load(configuration.name) else {
            throw .rejected("there is no key ring of \"\(configuration.name)\" yet; serve makes it")
        }
        return stored
    }

    private func adding(
        to ring: KeyRing, _ configuration: EndpointConfiguration
    ) async throws(StoreError) -> KeyRing {
        let policy = configuration.rotationPolicy
        let made = try await SigningKeyGenerator().generate(
            policy.algorithm, rsaKeySize: policy.rsaKeySize, endpoint: configuration.name, at: session.scheduler.now())
        return ring.adding(made.signingKey, certificate: made.certificate, at: session.scheduler.now(), policy: policy)
    }

    private func keys(_ ring: KeyRing, _ configuration: EndpointConfiguration) -> CurrentSigningKeys {
        CurrentSigningKeys(SigningKeySnapshot(ring: ring, of: configuration))
    }
}
