import FoundationEssentials
package import GatewayCore
import LocalFiles
import NIOSSL
import SwiftASN1
import X509

/// The CAs that Pods get in an environment variable. A variable of 128 KiB keeps every process of a Pod from starting
/// (E2BIG, `MAX_ARG_STRLEN` of execve(2)).
package enum TrustedCAs {
    /// Bytes in PEM. A longer file is a collection of CAs, of which those are used that the certificate chain ends in.
    static let warningLength = 64 << 10
    static let maximumLength = 120 << 10

    /// The CAs for Pods.
    ///
    /// - Parameters:
    ///   - authority: the certificates of the CA file in PEM.
    ///   - chain: the served certificate chain.
    static func selected(from authority: String, for chain: [NIOSSLCertificate]) -> String {
        guard authority.utf8.count > warningLength else { return authority }
        let cas = PEMCertificates.list(authority).compactMap { pem in
            (try? Certificate(pemEncoded: pem)).map { (pem: pem, certificate: $0) }
        }
        var wanted = chain.compactMap { certificate in
            (try? certificate.toDERBytes()).flatMap { try? Certificate(derEncoded: $0) }?.issuer
        }
        var found: Set<Int> = []
        while let issuer = wanted.popLast() {
            for (index, ca) in cas.enumerated() where ca.certificate.subject == issuer {
                if found.insert(index).inserted { wanted.append(ca.certificate.issuer) }
            }
        }
        // Where it ends in none, another server is in front of the gateway.
        guard !found.isEmpty else { return authority }
        return cas.indices.filter(found.contains).map { cas[$0].pem }.joined()
    }

    /// The problem of the CAs for Pods; nil where they are few.
    static func problem(_ selected: String, of file: String, at keyPath: String) -> ConfigurationProblem? {
        let length = selected.utf8.count
        guard length > warningLength else { return nil }
        let isError = length > maximumLength
        return ConfigurationProblem(
            isError ? .error : .warning, at: keyPath,
            "the CA certificates in \"\(file)\" are \(length) bytes long, and every injected container gets them in a "
                + "variable; expected \(isError ? "at most \(maximumLength)" : "less than \(warningLength)"), since no "
                + "process starts with one of 128 KiB: list only the CA of the certificate")
    }

    /// The problems of the CA files, for a check of the configuration where other files may be missing.
    ///
    /// - Parameter resolve: returns the path of a configured file.
    package static func problems(
        of files: [GatewayConfiguration.CertificateFiles], resolve: (String) -> String
    ) -> [ConfigurationProblem] {
        files.enumerated().compactMap { index, pair in
            func text(_ path: String) -> String? {
                (try? LocalFile.read(resolve(path), atMost: ConfiguredCertificates.maximumLength)).flatMap {
                    String(validating: $0, as: UTF8.self)
                }
            }
            guard let file = pair.authority, let authority = text(file) else { return nil }
            let chain = text(pair.certificate).flatMap { try? NIOSSLCertificate.fromPEMBytes(Array($0.utf8)) } ?? []
            let pems = selected(from: PEMCertificates.joined([authority]), for: chain)
            return problem(pems, of: file, at: "tls.certificates[\(index)].ca")
        }
    }
}
