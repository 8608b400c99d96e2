import FoundationEssentials
import GatewayCore
import Logging

extension ServingCertificates {
    /// A replica of the serving identity; these certificates serve what it has in force.
    func replica(clock: @escaping @Sendable () -> Date, logger: Logger) -> DocumentReplica<ServingIdentity> {
        DocumentReplica(
            "",
            consumer: .init(
                use: { (identity, old) throws(StoreError) in
                    guard identity != old else { return }
                    let certificate: ServingCertificate
                    do {
                        certificate = try ServingCertificate(
                            chainPEM: identity.chainPEM, keyPEM: identity.leaf.key.pem)
                    } catch {
                        throw .malformed("leaf certificate of the serving identity: \(error)")
                    }
                    self.replace(with: Served(first: certificate, issuers: identity.bundle, trust: identity.bundle))
                    logger.info(
                        "serving certificate in force",
                        metadata: [
                            "names": .array(identity.leaf.names.dns.map { "\($0)" }),
                            "until": "\(identity.leaf.notAfter.formatted(.iso8601))",
                        ])
                },
                lack: { problem in self.report(nothingBecause: "\(problem)") },
                // A certificate is served until its end, whatever the store says.
                confirm: { _ in }),
            clock: clock, logger: logger)
    }
}
