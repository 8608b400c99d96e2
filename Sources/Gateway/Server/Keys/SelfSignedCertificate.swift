import Crypto
import CryptoExtras
import FoundationEssentials
import GatewayCore
import JOSE
import SwiftASN1
import X509

extension KeyCertificate {
    /// Creates the self-signed certificate of a generated key, which the OpenUnison-compatible wire shows. It is stored
    /// in the key ring and gives the key a thumbprint; it is not verified.
    ///
    /// - Parameter lifetime: seconds.
    static func selfSigned(
        for key: SigningKey, endpoint: String, from now: Date, lifetime: Double
    ) throws(StoreError) -> KeyCertificate {
        do {
            let privateKey = try Certificate.PrivateKey(pemEncoded: key.pkcs8PEM)
            let name = try DistinguishedName { CommonName("sts-gateway signing key of \(endpoint)") }
            let certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: privateKey.publicKey, notValidBefore: now,
                notValidAfter: now.addingTimeInterval(lifetime), issuer: name, subject: name,
                signatureAlgorithm: key.algorithm.usesRSA ? .sha256WithRSAEncryption : .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(KeyUsage(digitalSignature: true))
                },
                issuerPrivateKey: privateKey)
            guard let result = KeyCertificate(pem: try certificate.serializeAsPEM().pemString) else {
                throw StoreError.rejected("the certificate of the signing key is not PEM")
            }
            return result
        } catch let error as StoreError {
            throw error
        } catch {
            throw .rejected("the certificate of the signing key could not be created")
        }
    }
}
