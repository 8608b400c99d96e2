import Crypto
import FoundationEssentials

/// The X.509 certificate of a signing key. Only OpenUnison-compatible responses contain it.
package struct KeyCertificate: Sendable, Equatable {
    package let pem: String
    /// SHA-256 of the DER, in upper-case hexadecimal.
    package let thumbprint: String

    /// - Parameter pem: a certificate, or a chain; its first certificate is used.
    /// - Returns: nil where the text contains no certificate.
    package init?(pem: String) {
        let begin = "-----BEGIN CERTIFICATE-----"
        let end = "-----END CERTIFICATE-----"
        guard let start = pem.firstRange(of: begin)?.upperBound,
            let stop = pem[start...].firstRange(of: end)?.lowerBound,
            let der = Data(base64Encoded: String(pem[start..<stop].filter { !$0.isWhitespace })), !der.isEmpty
        else { return nil }
        self.pem = pem
        self.thumbprint = SHA256.hash(data: der).map { byte in
            let hexadecimal = String(byte, radix: 16, uppercase: true)
            return byte < 16 ? "0" + hexadecimal : hexadecimal
        }.joined()
    }
}
