import NIOSSL

/// Why TLS failed, for people: without the library's own text, which names its source files.
package struct TLSFailure: CustomStringConvertible {
    package let description: String

    /// - Parameter error: of the TLS library; nil is returned for any other.
    package init?(_ error: any Error) {
        switch error {
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            description = "TLS failed: the certificate is for another host"
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: description = Self.text("\(error)")
        default: return nil
        }
    }

    private static func text(_ text: String) -> String {
        for (name, meaning) in meanings where text.contains(name) { return meaning }
        return "TLS failed" + (reason(text).map { " (\($0))" } ?? "")
    }

    private static let meanings = [
        ("CERTIFICATE_VERIFY_FAILED", "TLS failed: the certificate is not trusted"),
        ("WRONG_VERSION_NUMBER", "the server does not speak TLS"), ("HTTP_REQUEST", "the server does not speak TLS"),
        ("PROTOCOL_VERSION", "no common version of TLS"), ("UNSUPPORTED_PROTOCOL", "no common version of TLS"),
        ("EOF during handshake", "the connection was closed during the TLS handshake"),
        ("uncleanShutdown", "the TLS connection was closed before the end of the response"),
    ]

    /// The reason of BoringSSL, such as `UNKNOWN_CIPHER_RETURNED`.
    private static func reason(_ text: String) -> String? {
        guard let start = text.firstRange(of: "OPENSSL_internal:")?.upperBound else { return nil }
        let reason = text[start...].prefix { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
        return reason.isEmpty ? nil : String(reason)
    }
}
