import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JOSE
import JSON

/// A line about a key ring.
struct KeyRingSummary {
    let text: String
    let json: JSONValue

    init(endpoint: String, isConfigured: Bool, in keys: KeyAdministration) async {
        var members: [JSONValue.Member] = [
            .init("endpoint", .string(endpoint)), .init("configured", .bool(isConfigured)),
        ]
        let summary: String
        do {
            if let ring = try await keys.ring(of: endpoint) {
                let active = ring.active.map { "\($0.keyID) signs (\($0.signingKey.algorithm.rawValue))" }
                summary = "\(active ?? "no active key"), \(ring.keys.count) in the key set"
                members.append(.init("active", ring.active.map { .string($0.keyID.rawValue) } ?? .null))
                members.append(.init("keys", .integer(ring.keys.count)))
            } else {
                summary = "no key ring yet"
            }
        } catch {
            summary = error.code.ending("\(error)")
            members.append(.init("problem", .string("\(error)")))
            members.append(.init("code", .string(error.code.rawValue)))
        }
        text = "\(endpoint): \(summary)" + (isConfigured ? "" : " (not in the configuration)")
        json = .object(members)
    }
}

/// The status of a key ring: its keys and the next step.
struct KeyRingReport {
    private let endpoint: String
    private let ring: KeyRing
    private let policy: RotationPolicy
    private let next: RotationStep
    private let verdict: ProbeVerdict?
    private let texts: RotationStepText

    /// - Throws: why there is no key ring.
    init(of configuration: EndpointConfiguration, in keys: KeyAdministration) async throws {
        guard let ring = try await keys.ring(of: configuration.name) else {
            throw StoreError.rejected("\(configuration.name): no key ring yet; sts-gateway serve creates it")
        }
        self.ring = ring
        endpoint = configuration.name
        policy = configuration.rotationPolicy
        texts = RotationStepText(of: configuration, active: ring.active)
        (next, verdict) = await keys.nextStep(ring, of: configuration)
    }

    var text: String {
        var lines = ["\(endpoint): revision \(ring.revision)"]
        for key in ring.keys {
            lines.append(
                "  \(key.keyID)  \(key.signingKey.algorithm.rawValue)  \(key.state.rawValue) since \(since(key))"
                    + (key.isStandby ? ", standby" : "") + (key.isApproved ? ", approved" : "")
                    + (policy.end(key).map { ", removed at \(Self.text($0))" } ?? ""))
        }
        for key in ring.revoked { lines.append("  \(key.kid)  revoked at \(Self.text(key.revoked))") }
        if let verdict { lines.append("  \(verdict)") }
        lines.append("  next: \(nextText)")
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("endpoint", .string(endpoint)), .init("owner", .string(ring.owner)),
            .init("revision", .integer(ring.revision)),
            .init("keys", .array(ring.keys.map(json))),
            .init(
                "revoked",
                .array(
                    ring.revoked.map { ["kid": .string($0.kid.rawValue), "revoked": .string(Self.text($0.revoked))] })),
            .init("next", .string(nextText)),
        ]
        if let verdict {
            members.append(.init("issuer", .string("\(verdict)")))
            members.append(.init("matches", .bool(verdict.isMatch)))
        }
        return .object(members)
    }

    private func json(_ key: KeyRing.Key) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("kid", .string(key.keyID.rawValue)), .init("algorithm", .string(key.signingKey.algorithm.rawValue)),
            .init("state", .string(key.state.rawValue)), .init("since", .string(since(key))),
        ]
        if key.isStandby { members.append(.init("standby", .bool(true))) }
        if key.isApproved { members.append(.init("approved", .bool(true))) }
        if let end = policy.end(key) { members.append(.init("leaves", .string(Self.text(end)))) }
        return .object(members)
    }

    private func since(_ key: KeyRing.Key) -> String {
        let time: Date? =
            switch key.state {
            case .prepared: key.created
            case .published: key.published
            case .active: key.activated
            case .retiring: key.retired
            }
        return Self.text(time ?? key.created)
    }

    private var nextText: String { texts.text(next) }

    private static func text(_ date: Date) -> String { date.formatted(.iso8601) }
}
