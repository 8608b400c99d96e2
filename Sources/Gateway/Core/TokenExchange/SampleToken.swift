package import FoundationEssentials
import GatewayPluginAPI
import JOSE
package import JSON

/// The token that an endpoint would issue to a sample workload, for `config check`.
package enum SampleToken {
    /// The ServiceAccount `web` of the namespace `sample`, with a Pod and a node.
    static func workload(cluster: String) -> WorkloadIdentity {
        WorkloadIdentity(
            cluster: cluster, namespace: "sample", serviceAccount: .init(name: "web", uid: "(uid)"),
            pod: .init(name: "web-0", uid: "(uid)"), node: .init(name: "node-1", uid: "(uid)"),
            groups: ["system:serviceaccounts", "system:serviceaccounts:sample", "system:authenticated"],
            credentialID: nil)
    }

    /// Returns the header and the claims. Claims of labels and annotations are missing, since nothing is read.
    ///
    /// - Returns: nil where the endpoint cannot issue a token to the workload, such as for its subject.
    package static func json(
        of configuration: EndpointConfiguration, at now: Date
    ) -> (header: JSONValue, claims: JSONValue)? {
        let attributes = WorkloadAttributes(
            workload(cluster: configuration.endpoint.cluster), endpoint: configuration.name)
        let claims = try? IssuedClaims(
            configuration: configuration, attributes: attributes, audiences: configuration.endpoint.audiences,
            issuedAt: now, lifetime: configuration.token.timeToLive, tokenID: TokenID(rawValue: "(random)"))
        guard let claims else { return nil }
        let header: JSONValue = [
            "alg": .string(configuration.endpoint.algorithm.rawValue), "typ": .string(configuration.token.type),
            "kid": "(key)",
        ]
        return (header, claims.json)
    }
}
