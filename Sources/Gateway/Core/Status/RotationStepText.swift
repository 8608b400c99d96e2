import FoundationEssentials
import GatewayPluginAPI
import JOSE

/// Human-readable texts of the next step of a key ring.
package struct RotationStepText {
    private let endpoint: String
    private let path: String
    private let policy: RotationPolicy
    private let active: KeyRing.Key?
    private let isPublished: Bool
    private let isHandedOver: Bool

    /// - Parameter active: the key that signs; nil where none does.
    package init(of endpoint: EndpointConfiguration, active: KeyRing.Key?) {
        self.endpoint = endpoint.name
        path = "\(endpoint.path)"
        policy = endpoint.rotationPolicy
        self.active = active
        isPublished = endpoint.publisher != nil
        isHandedOver = endpoint.publisher?.plan.keyHandOver != nil
    }

    package func text(_ step: RotationStep) -> String {
        switch step {
        case .wait(let wait, _): waitText(wait)
        case .addKey(let reason):
            switch reason {
            case .age: "a new key is due by the age of the active key; the leader creates it"
            case .algorithm: "a new key is due since token.algorithm has changed; the leader creates it"
            case .revoked: "a new key is due since no key is active; the leader creates it"
            case .standby: "a standby key is due; the leader creates it"
            }
        case .markPublished(let kid, _): "\(kid) is published; the leader records it"
        case .markAbsent(let kid): "\(kid) is no longer published; the leader restarts its wait"
        case .useStandby(let kid): "the standby key \(kid) signs next; the leader records it"
        case .activate(let kid): "\(kid) is ready; the leader activates it"
        case .recordLifetime: "the maximum token lifetime has increased; the leader records it"
        case .remove(let kids):
            "the last tokens of \(kids.map(\.rawValue).joined(separator: ", ")) have expired; the leader removes them"
        }
    }

    private func waitText(_ wait: RotationStep.Wait) -> String {
        switch wait {
        case .age:
            return "the next rotation is due at \(active.map { Self.text(policy.due($0)) } ?? "")"
        case .publication(let kid, let since), .visibility(let kid, let since):
            if isHandedOver {
                return "waiting since \(Self.text(since)) for the relying party to hold \(kid)"
            }
            let upload =
                isPublished ? "" : "; upload the documents of GET \(path)/issuer-docs, then the rotation continues"
            return "waiting since \(Self.text(since)) for the issuer URL to serve \(kid)\(upload)"
        case .propagation(let kid, let since):
            let end = since.addingTimeInterval(Double(policy.propagation))
            let then = policy.isManual ? "may become active" : "becomes active"
            return
                "\(kid) is published since \(Self.text(since)), and \(then) at \(Self.text(end)), when every cache has it"
        case .finalReading(let kid):
            return
                "\(kid) becomes active after one more read of \(isHandedOver ? "the relying party" : "the issuer URL")"
        case .approval(let kid, let since):
            return "\(kid) may sign since \(Self.text(since)); activate it with keys activate --endpoint \(endpoint)"
        case .capacity: return "the key ring is full; a new key is created after an old one is removed"
        }
    }

    private static func text(_ date: Date) -> String { date.formatted(.iso8601) }
}
