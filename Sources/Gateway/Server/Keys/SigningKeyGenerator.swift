import Dispatch
import FoundationEssentials
import GatewayCore
import JOSE
import NIOCore

/// Generates signing keys on threads of their own, one for each second core: an RSA key takes 50 ms and more.
struct SigningKeyGenerator: Sendable {
    /// A new key, with a certificate for the OpenUnison-compatible wire.
    struct Generated: Sendable {
        let signingKey: SigningKey
        let certificate: KeyCertificate
    }

    private static let queues = (0..<max(1, System.coreCount / 2)).map { number in
        DispatchQueue(label: "sts-gateway.keys.\(number)", qos: .utility)
    }

    /// The lifetime of the certificate in seconds; it is not verified.
    private static let lifetime = 10.0 * 365 * 86_400

    func generate(
        _ algorithm: SignatureAlgorithm, rsaKeySize: Int, endpoint: String, at now: Date
    ) async throws(StoreError) -> Generated {
        let generated = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Generated, StoreError>, Never>) in
            let queues = Self.queues
            queues[Int(endpoint.hashValue.magnitude % UInt(queues.count))].async {
                do throws(StoreError) {
                    let key = try Self.key(algorithm, rsaKeySize)
                    let certificate = try KeyCertificate.selfSigned(
                        for: key, endpoint: endpoint, from: now, lifetime: Self.lifetime)
                    continuation.resume(returning: .success(Generated(signingKey: key, certificate: certificate)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try generated.get()
    }

    private static func key(_ algorithm: SignatureAlgorithm, _ rsaKeySize: Int) throws(StoreError) -> SigningKey {
        do {
            return try SigningKey.generate(algorithm, rsaKeySize: rsaKeySize)
        } catch {
            throw .rejected("the signing key could not be created: \(error)")
        }
    }
}
