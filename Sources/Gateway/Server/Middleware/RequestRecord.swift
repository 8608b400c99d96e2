import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import Logging
import Synchronization

/// What is to be logged of one request. Names of objects and reasons; never anything of a token.
final class RequestRecord: Sendable {
    private let metadata = Mutex<Logger.Metadata>([:])

    var collected: Logger.Metadata { metadata.withLock { $0 } }

    func identify(_ identity: WorkloadIdentity) {
        metadata.withLock { metadata in
            metadata["namespace"] = "\(identity.namespace)"
            metadata["serviceaccount"] = "\(identity.serviceAccount.name)"
            if let pod = identity.pod { metadata["pod"] = "\(pod.name)" }
        }
    }

    func issued(_ token: IssuedToken) {
        identify(token.identity)
        metadata.withLock { metadata in
            metadata["decision"] = "issued"
            metadata["rule"] = .stringConvertible(token.rule)
            metadata["kid"] = "\(token.keyID)"
            metadata["jti"] = "\(token.tokenID)"
            metadata["expires"] = "\(token.expiration.formatted(.iso8601))"
        }
    }

    func refused(_ error: TokenExchangeError) {
        let decision: String
        let reason: String
        switch error {
        case .invalidSubjectToken(let refusal): (decision, reason) = ("invalid-token", refusal.rawValue)
        case .deniedByPolicy(let identity):
            identify(identity)
            (decision, reason) = ("denied", "no rule allows it")
        case .unissuable(let why, let identity):
            identify(identity)
            (decision, reason) = ("denied", why)
        case .invalidTarget: (decision, reason) = ("invalid-target", "an audience that is not the endpoint's")
        case .reviewUnavailable(_, let why): (decision, reason) = ("unavailable", why)
        case .noSigningKey: (decision, reason) = ("unavailable", "no key may sign")
        }
        metadata.withLock { metadata in
            metadata["decision"] = "\(decision)"
            metadata["reason"] = "\(reason)"
        }
    }

    /// An error answer; where nothing was decided about the caller yet, the request itself was wrong.
    func answered(_ error: OAuthError) {
        metadata.withLock { metadata in
            metadata["error"] = "\(error.code.rawValue)"
            guard metadata["decision"] == nil else { return }
            metadata["decision"] = "invalid-request"
            metadata["reason"] = "\(error.description)"
        }
    }

    func failed(_ error: any Error) {
        metadata.withLock { metadata in
            metadata["decision"] = "failed"
            metadata["reason"] = "\(type(of: error))"
        }
    }
}
