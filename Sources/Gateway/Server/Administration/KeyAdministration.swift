import FoundationEssentials
package import GatewayCore
import GatewayPluginAPI
package import JOSE
import Logging

/// The `keys` commands. Every write is a compare-and-swap, so that they can run while gateways run.
package struct KeyAdministration: Sendable {
    /// Whether relying parties can read the key set without a revoked key.
    package enum KeySetPublication: Sendable, Equatable {
        /// A publisher has written it, or handed it over.
        case published
        /// The publisher failed; the leader tries again.
        case failed
        /// No publisher is configured: somebody uploads the documents.
        case byHand
    }

    package enum Rotation: Sendable, Equatable {
        /// The new key; the leading gateway advances it.
        case started(KeyID)
        /// A rotation is in progress: this key is the next one.
        case inProgress(KeyID)
    }

    let session: ManualSession

    package init(_ session: ManualSession) { self.session = session }

    /// The endpoints that have a ring, configured or not.
    package func endpoints() async throws(StoreError) -> [String] { try await session.keyStore.rings.names() }

    /// Returns the ring of an endpoint; nil where there is none.
    package func ring(of endpoint: String) async throws(StoreError) -> KeyRing? {
        try await session.keyStore.rings.load(endpoint)?.value
    }

    /// Reads the public issuer URL, and returns the next step of the ring.
    ///
    /// - Returns: the next step and the verdict, which is nil where probing is disabled.
    package func nextStep(
        _ ring: KeyRing, of configuration: EndpointConfiguration
    ) async -> (next: RotationStep, verdict: ProbeVerdict?) {
        let isRead = configuration.publisher?.plan.keyHandOver != nil || configuration.probe.isEnabled
        let status = isRead ? await observed(ring, configuration) : PublicationStatus()
        return (
            ring.nextStep(at: session.scheduler.now(), policy: configuration.rotationPolicy, evidence: status.evidence),
            status.verdict
        )
    }

    /// What the relying party reads now, without writing anything. Documents are compared with the publisher's store only
    /// where probing is disabled.
    func observed(_ ring: KeyRing, _ configuration: EndpointConfiguration) async -> PublicationStatus {
        guard let documents = keys(ring, configuration).snapshot.documents else { return PublicationStatus() }
        let tools = PublicationTools(in: session.host, logger: session.logger)
        let opened = tools.open(
            configuration, keys: keys(ring, configuration), tokenSource: session.tokenSource(of: configuration, tools))
        let usesPublisher = configuration.publisher?.plan.keyHandOver != nil || !configuration.probe.isEnabled
        var publication = PublicationTools.publication(
            of: usesPublisher ? opened : PublicationTools.Opened(publisher: nil, part: opened.part),
            PublicationTools.Course(
                reader: opened.reader, isDryRun: true, leasePeriod: 0, now: session.scheduler.now,
                random: session.scheduler.random))
        var report = await publication.step(documents)
        await tools.close()
        // Nothing that would be written can be visible.
        if report.outcomes.contains(where: { $0.result == .stale }) { report.status.evidence = nil }
        return report.status
    }

    /// Creates the next signing key, unless there is one.
    package func rotate(_ configuration: EndpointConfiguration) async throws(StoreError) -> Rotation {
        while true {
            let stored = try await stored(configuration)
            if let successor = stored.value.successor {
                guard successor.isStandby else { return .inProgress(successor.keyID) }
                guard
                    let ring = stored.value.applying(
                        .useStandby(successor.keyID), at: session.scheduler.now(), policy: configuration.rotationPolicy)
                else { return .inProgress(successor.keyID) }
                do {
                    _ = try await session.keyStore.rings.save(ring, replacing: stored.version)
                    return .started(successor.keyID)
                } catch .conflict {
                    continue
                }
            }
            guard stored.value.keys.count < RotationPolicy.maximumKeys else {
                throw .rejected(
                    "the key ring has \(stored.value.keys.count) keys; wait until retired keys are removed, or reduce "
                        + "token.ttl")
            }
            let ring = try await adding(to: stored.value, configuration)
            do {
                _ = try await session.keyStore.rings.save(ring, replacing: stored.version)
                if let successor = ring.successor { return .started(successor.keyID) }
            } catch .conflict {
                continue
            }
        }
    }

    /// Revokes a key and publishes the key set without it. The publisher authenticates first, while the old key is
    /// still accepted.
    ///
    /// - Parameters:
    ///   - kid: nil for the active key.
    ///   - isForced: whether the key is revoked where publication is not possible.
    ///   - output: called with each human-readable line.
    /// - Returns: the key, and what became of the key set without it.
    package func revoke(
        _ configuration: EndpointConfiguration, kid: KeyID?, isForced: Bool, output: @Sendable (String) -> Void
    ) async throws(StoreError) -> (kid: KeyID, publication: KeySetPublication) {
        let stored = try await stored(configuration)
        guard let kid = kid ?? stored.value.active?.keyID, stored.value[kid] != nil else {
            throw .rejected("the key ring does not have this key; see keys status")
        }
        let tools = PublicationTools(in: session.host, logger: session.logger)
        let opened = tools.open(
            configuration, keys: keys(stored.value, configuration),
            tokenSource: session.tokenSource(of: configuration, tools))
        let result: Result<KeySetPublication, StoreError>
        do throws(StoreError) {
            result = .success(
                try await revoke(kid, stored, configuration, opened, isForced: isForced, output: output))
        } catch {
            result = .failure(error)
        }
        await tools.close()
        return (kid, try result.get())
    }

    private func revoke(
        _ kid: KeyID, _ stored: Stored<KeyRing>, _ configuration: EndpointConfiguration,
        _ opened: PublicationTools.Opened, isForced: Bool, output: @Sendable (String) -> Void
    ) async throws(StoreError) -> KeySetPublication {
        if let publisher = opened.publisher {
            do {
                try await publisher.check()
            } catch {
                guard isForced else {
                    throw .rejected(
                        "the key set without the key cannot be published: \(error); "
                            + "fix that first, or revoke the key anyway with --force")
                }
                output("\(configuration.name): not published yet: \(error)")
            }
        }
        var stored = stored
        var ring: KeyRing
        while true {
            guard let without = stored.value.revoking(kid, at: session.scheduler.now()) else {
                // Another process has revoked it meanwhile.
                ring = stored.value
                break
            }
            ring = without
            // No key signs until the new one is published.
            if ring.active == nil, ring.successor == nil {
                ring = try await adding(to: ring, configuration)
            } else if ring.successor == nil, configuration.rotationPolicy.hasStandby {
                // With the same hand-over.
                ring = try await adding(to: ring, configuration, isStandby: true)
            }
            do {
                _ = try await session.keyStore.rings.save(ring, replacing: stored.version)
                break
            } catch .conflict {
                stored = try await self.stored(configuration)
            }
        }
        guard let publisher = opened.publisher else { return .byHand }
        guard let documents = keys(ring, configuration).snapshot.documents else { return .failed }
        var publication = PublicationTools.publication(
            of: opened, PublicationTools.Course(now: session.scheduler.now, random: session.scheduler.random))
        let report = await publication.step(documents)
        for outcome in report.outcomes {
            output(ManualPublication.text(outcome, at: publisher.location, of: configuration.name))
        }
        if report.status.invalidationFailure == nil, report.status.invalidatingSince != nil {
            output("\(configuration.name): CDN invalidation created")
        }
        if let failure = report.status.invalidationFailure {
            output("\(configuration.name): CDN invalidation: \(failure)")
        }
        if report.status.failure != nil, ring.active == nil, let plugin = configuration.publisher?.pluginID,
            configuration.publisher?.plan.keyHandOver?.usesOwnToken == true
        {
            output(
                "\(configuration.name): the relying party holds no standby key, so a gateway cannot prove itself; hand over "
                    + "the keys as an administrator: sts-gateway provision \(plugin) --endpoint \(configuration.name) "
                    + "--only keys")
        }
        return report.status.failure == nil && report.status.invalidationFailure == nil ? .published : .failed
    }

    /// Deletes the ring of an endpoint that is no longer configured.
    ///
    /// - Parameter isForced: whether it is deleted while tokens of its keys may still be valid.
    package func purge(_ endpoint: String, isForced: Bool) async throws(StoreError) {
        guard let stored = try await session.keyStore.rings.load(endpoint) else {
            throw .rejected("no key ring of \"\(endpoint)\"; see keys list")
        }
        // Recorded by the leader when it has found the endpoint removed.
        if let end = stored.value.tokensEnd, end < session.scheduler.now() {
            return try await session.keyStore.rings.delete(endpoint, version: stored.version)
        }
        // The time of the last signature of an active key is not stored otherwise.
        let longest = stored.value.keys.map(\.maximumTokenLifetime).max() ?? 0
        let last = stored.value.keys.compactMap(\.retired).max() ?? .distantPast
        let isOver = last.addingTimeInterval(Double(longest + RotationPolicy.leeway)) < session.scheduler.now()
        guard isForced || stored.value.active == nil && isOver else {
            if let end = stored.value.tokensEnd {
                throw .rejected(
                    "tokens of its keys may be valid until \(end.formatted(.iso8601)); delete it then, or with --force")
            }
            throw .rejected(
                "tokens of its keys may be valid until \(longest + RotationPolicy.leeway) seconds after the endpoint "
                    + "was removed from the last gateway; delete it then with --force")
        }
        try await session.keyStore.rings.delete(endpoint, version: stored.version)
    }

    func stored(_ configuration: EndpointConfiguration) async throws(StoreError) -> Stored<KeyRing> {
        guard let stored = try await session.keyStore.rings.load(configuration.name) else {
            throw .rejected("no key ring of \"\(configuration.name)\" yet; sts-gateway serve creates it")
        }
        return stored
    }

    private func adding(
        to ring: KeyRing, _ configuration: EndpointConfiguration, isStandby: Bool = false
    ) async throws(StoreError) -> KeyRing {
        let policy = configuration.rotationPolicy
        let generated = try await SigningKeyGenerator().generate(
            policy.algorithm, rsaKeySize: policy.rsaKeySize, endpoint: configuration.name, at: session.scheduler.now())
        return ring.adding(
            generated.signingKey, certificate: generated.certificate, at: session.scheduler.now(), policy: policy,
            isStandby: isStandby)
    }

    private func keys(_ ring: KeyRing, _ configuration: EndpointConfiguration) -> CurrentSigningKeys {
        CurrentSigningKeys(SigningKeySnapshot(ring: ring, of: configuration))
    }
}
