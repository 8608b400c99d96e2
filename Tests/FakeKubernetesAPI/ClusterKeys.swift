import FoundationEssentials
import GatewayTestSupport
import JOSE
import Synchronization

/// The cluster's signing keys of ServiceAccount tokens: the last one signs, all verify.
final class ClusterKeys: Sendable {
    private let state: Mutex<(identities: [TestCluster], tokenCount: Int)>

    init(_ identity: TestCluster) { state = Mutex(([identity], 0)) }

    var issuer: String { state.withLock { $0.identities.first?.issuer ?? "" } }

    var keySet: JSONWebKeySet { JSONWebKeySet(keys: state.withLock { $0.identities.map(\.key.publicKey) }) }

    /// - Parameter keepsFormer: whether tokens signed before still verify.
    func rotate(to key: SigningKey, keepsFormer: Bool) {
        let issuer = issuer
        state.withLock { state in
            if !keepsFormer { state.identities = [] }
            state.identities.append(TestCluster(key: key, issuer: issuer))
        }
    }

    func sign(at now: Date, _ adjust: (inout TestCluster.Claims) -> Void) throws(APIStatus) -> String {
        let (identity, number) = state.withLock { state in
            state.tokenCount += 1
            return (state.identities.last, state.tokenCount)
        }
        let digits = String(number, radix: 16)
        let tokenID = "a1d0c5b2-7f3e-4c68-9b14-" + String(repeating: "0", count: 12 - digits.utf8.count) + digits
        let token = try? identity?.token(at: now) { claims in
            claims.tokenID = tokenID
            adjust(&claims)
        }
        guard let token else { throw APIStatus(500, "InternalError", "failed to generate token") }
        return token
    }
}
