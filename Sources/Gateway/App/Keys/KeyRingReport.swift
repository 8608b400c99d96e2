import FoundationEssentials
import GatewayCore
import GatewayServer
import JOSE
import JSON

/// A ring in a line.
struct KeyRingSummary {
    let text: String
    let json: JSONValue

    init(endpoint: String, isConfigured: Bool, in keys: KeyAdministration) async {
        var members: [JSONValue.Member] = [
            .init("endpoint", .string(endpoint)), .init("configured", .bool(isConfigured)),
        ]
        let told: String
        do {
            if let ring = try await keys.ring(of: endpoint) {
                let active = ring.active.map { "\($0.keyID) signs (\($0.signingKey.algorithm.rawValue))" }
                told = "\(active ?? "nothing signs"), \(ring.keys.count) in the key set"
                members.append(.init("active", ring.active.map { .string($0.keyID.rawValue) } ?? .null))
                members.append(.init("keys", .integer(ring.keys.count)))
            } else {
                told = "no key ring yet"
            }
        } catch {
            told = "\(error)"
            members.append(.init("problem", .string("\(error)")))
        }
        text = "\(endpoint): \(told)" + (isConfigured ? "" : " (not in the configuration)")
        json = .object(members)
    }
}

/// All there is to say of a ring: its keys, and what it waits for.
struct KeyRingReport {
    private let endpoint: String
    private let ring: KeyRing
    private let policy: RotationPolicy
    private let next: RotationStep
    private let verdict: ProbeVerdict?
    private let isPublished: Bool
    private let path: String

    /// - Throws: why there is no ring to report of.
    init(of configuration: EndpointConfiguration, in keys: KeyAdministration) async throws {
        guard let ring = try await keys.ring(of: configuration.name) else {
            throw StoreError.rejected("\(configuration.name): there is no key ring yet; serve makes it")
        }
        self.ring = ring
        endpoint = configuration.name
        policy = configuration.rotationPolicy
        isPublished = configuration.publisher != nil
        path = "\(configuration.path)"
        (next, verdict) = await keys.outlook(ring, of: configuration)
    }

    var text: String {
        var lines = ["\(endpoint): revision \(ring.revision)"]
        for key in ring.keys {
            lines.append(
                "  \(key.keyID)  \(key.signingKey.algorithm.rawValue)  \(key.state.rawValue) since \(since(key))"
                    + (policy.end(key).map { ", leaves at \(Self.text($0))" } ?? ""))
        }
        for key in ring.revoked { lines.append("  \(key.kid)  revoked at \(Self.text(key.revoked))") }
        if let verdict { lines.append("  \(verdict)") }
        lines.append("  next: \(outlook)")
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("endpoint", .string(endpoint)), .init("revision", .integer(ring.revision)),
            .init("keys", .array(ring.keys.map(json))),
            .init(
                "revoked",
                .array(
                    ring.revoked.map { ["kid": .string($0.kid.rawValue), "revoked": .string(Self.text($0.revoked))] })),
            .init("next", .string(outlook)),
        ]
        if let verdict {
            members.append(.init("issuer", .string("\(verdict)")))
            members.append(.init("matches", .bool(verdict == .matches)))
        }
        return .object(members)
    }

    private func json(_ key: KeyRing.Key) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("kid", .string(key.keyID.rawValue)), .init("algorithm", .string(key.signingKey.algorithm.rawValue)),
            .init("state", .string(key.state.rawValue)), .init("since", .string(since(key))),
        ]
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

    /// What it waits for, and since when.
    private var outlook: String {
        switch next {
        case .wait(let wait, _): told(wait)
        case .addKey(let reason):
            switch reason {
            case .age: "a new key is due, since the one that signs is old enough; the leading gateway makes it"
            case .algorithm: "a new key is due, since token.algorithm has changed; the leading gateway makes it"
            case .revoked: "a new key is due, since nothing signs; the leading gateway makes it"
            }
        case .markPublished(let kid, _): "\(kid) is seen at the issuer URL; the leading gateway notes it"
        case .markAbsent(let kid): "\(kid) is not seen at the issuer URL any more, so its wait begins anew"
        case .activate(let kid): "\(kid) may sign now; the leading gateway lets it"
        case .recordLifetime: "tokens live longer by now, which the leading gateway notes"
        case .remove(let kids): "the last tokens of \(kids.map(\.rawValue).joined(separator: ", ")) have ended"
        }
    }

    private func told(_ wait: RotationStep.Wait) -> String {
        switch wait {
        case .age:
            return "the next rotation is due at \(ring.active.map { Self.text(policy.due($0)) } ?? "")"
        case .publication(let kid, let since), .visibility(let kid, let since):
            let upload =
                isPublished ? "" : "; upload what GET \(path)/issuer-docs shows, and \(kid) goes on by itself"
            return "waits since \(Self.text(since)) for the issuer URL to serve \(kid)\(upload)"
        case .propagation(let kid, let since):
            let end = since.addingTimeInterval(Double(policy.propagation))
            return "\(kid) is seen since \(Self.text(since)), and signs at \(Self.text(end)), when every cache has it"
        case .finalReading(let kid): return "\(kid) signs after one more reading of the issuer URL"
        case .capacity: return "the ring is full; a new key waits until an old one has left"
        }
    }

    private static func text(_ date: Date) -> String { date.formatted(.iso8601) }
}
