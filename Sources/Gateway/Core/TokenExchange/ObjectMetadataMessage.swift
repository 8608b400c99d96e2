package import GatewayPluginAPI
import JSON

/// The request for a Namespace or a ServiceAccount (core/v1), and its response.
package enum ObjectMetadataMessage {
    /// The path of the object. Kubernetes names need no encoding.
    package static func path(of source: WorkloadMetadata.Source, _ identity: WorkloadIdentity) -> String {
        let namespace = "/api/v1/namespaces/\(identity.namespace)"
        return switch source {
        case .namespace: namespace
        case .serviceAccount: "\(namespace)/serviceaccounts/\(identity.serviceAccount.name)"
        }
    }

    /// The resource in RBAC rules, such as `serviceaccounts`.
    package static func resource(of source: WorkloadMetadata.Source) -> String {
        switch source {
        case .namespace: "namespaces"
        case .serviceAccount: "serviceaccounts"
        }
    }

    /// Reads the response.
    ///
    /// - Returns: nil where the body is not the requested object, or has no uid.
    package static func object(
        in json: [UInt8], of source: WorkloadMetadata.Source, _ identity: WorkloadIdentity
    ) -> WorkloadMetadata.Object? {
        let (kind, name) =
            switch source {
            case .namespace: ("Namespace", identity.namespace)
            case .serviceAccount: ("ServiceAccount", identity.serviceAccount.name)
            }
        guard let wire = try? JSONValue(parsing: json).decode(Wire.self), wire.kind == kind,
            wire.apiVersion == "v1", wire.metadata.name == name, !wire.metadata.uid.isEmpty,
            source == .namespace || wire.metadata.namespace == identity.namespace
        else { return nil }
        return WorkloadMetadata.Object(
            uid: wire.metadata.uid, labels: wire.metadata.labels ?? [:], annotations: wire.metadata.annotations ?? [:])
    }

    private struct Wire: Decodable {
        struct Metadata: Decodable {
            let name: String
            let namespace: String?
            let uid: String
            let labels: [String: String]?
            let annotations: [String: String]?
        }

        let apiVersion: String
        let kind: String
        let metadata: Metadata
    }
}
