import FoundationEssentials
import GatewayCore
import Logging

extension ServingCertificates {
    /// Returns a replica of the serving identity. These certificates serve the identity that is in force.
    func replica(scheduler: Scheduler, logger: Logger) -> DocumentReplica<ServingIdentity> {
        DocumentReplica(
            "",
            consumer: .init(
                use: { (identity, old) throws(StoreError) in
                    guard identity != old else { return }
                    let certificate: ServingCertificate
                    do {
                        certificate = try ServingCertificate(
                            chainPEM: identity.chainPEM, keyPEM: identity.certificate.key.pem)
                    } catch {
                        throw .malformed("serving certificate of the serving identity: \(error)")
                    }
                    self.replace(with: Served(first: certificate, issuers: identity.bundle, trust: identity.bundle))
                    logger.info(
                        "serving certificate in force",
                        metadata: [
                            "names": .array(identity.certificate.names.dns.map { "\($0)" }),
                            "until": "\(identity.certificate.notAfter.formatted(.iso8601))",
                        ])
                },
                fail: { problem in self.report(unavailable: "\(problem)") },
                // A certificate is served until it expires, with or without confirmation by the store.
                confirm: { _ in }),
            scheduler: scheduler, logger: logger)
    }
}
