import Dispatch
import FoundationEssentials
import GatewayCore
import JOSE

/// Makes keys on a thread of its own, one at a time: an RSA key takes tenths of a second, and requests go on meanwhile.
struct SigningKeyMaker: Sendable {
    /// A key that is new, with a certificate for the stock wire.
    struct Made: Sendable {
        let signingKey: SigningKey
        let certificate: KeyCertificate
    }

    private static let queue = DispatchQueue(label: "sts-gateway.keys", qos: .utility)

    /// How long the certificate of a key that is made lasts, in seconds; nobody verifies it.
    private static let lifetime = 10.0 * 365 * 86_400

    func make(
        _ algorithm: SignatureAlgorithm, rsaKeySize: Int, endpoint: String, at now: Date
    ) async throws(StoreError) -> Made {
        let made = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Made, StoreError>, Never>) in
            Self.queue.async {
                do throws(StoreError) {
                    let key = try Self.key(algorithm, rsaKeySize)
                    let certificate = try KeyCertificate.selfSigned(
                        for: key, endpoint: endpoint, from: now, lifetime: Self.lifetime)
                    continuation.resume(returning: .success(Made(signingKey: key, certificate: certificate)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try made.get()
    }

    private static func key(_ algorithm: SignatureAlgorithm, _ rsaKeySize: Int) throws(StoreError) -> SigningKey {
        do {
            return try SigningKey.generate(algorithm, rsaKeySize: rsaKeySize)
        } catch {
            throw .refused("the signing key could not be created: \(error)")
        }
    }
}
