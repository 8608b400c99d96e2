import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import KubernetesAPI

/// Reads the namespace and the ServiceAccount of a workload. A cached ServiceAccount with another uid than the one in the
/// review is read again: it was deleted and created.
///
/// It needs `get` on `namespaces` and on `serviceaccounts`, each only where a rule or a claim uses a label or an
/// annotation of it.
extension KubernetesObjectReader: WorkloadMetadataReading {
    func read(
        _ source: WorkloadMetadata.Source, of identity: WorkloadIdentity, at now: Date
    ) async throws(TokenReviewFailure) -> WorkloadMetadata.Object? {
        let (reference, uid) = KubernetesObjectReference.object(source, of: identity)
        do throws(Failure) {
            return try await object(reference, at: now, accepting: { uid == nil || $0.uid == uid })
        } catch {
            let resource = reference.resource.plural
            throw TokenReviewFailure(
                error, reading: resource, tooMany: "too many reads of labels and annotations are in flight",
                forbidden: "not allowed to get \(resource) (403), which a rule or a claim requires; "
                    + "bind the gateway's ServiceAccount to a ClusterRole with the verb get on \(resource)")
        }
    }
}

extension KubernetesObjectReference {
    static func serviceAccount(_ name: String, in namespace: String) -> KubernetesObjectReference {
        KubernetesObjectReference(
            KubernetesResource(plural: "serviceaccounts", kind: "ServiceAccount"), namespace: namespace, name: name)
    }

    static func namespace(_ name: String) -> KubernetesObjectReference {
        KubernetesObjectReference(
            KubernetesResource(plural: "namespaces", kind: "Namespace"), namespace: nil, name: name)
    }

    /// - Returns: the object, and its uid where the identity has it.
    fileprivate static func object(
        _ source: WorkloadMetadata.Source, of identity: WorkloadIdentity
    ) -> (KubernetesObjectReference, uid: String?) {
        switch source {
        case .namespace: (.namespace(identity.namespace), nil)
        case .serviceAccount:
            (.serviceAccount(identity.serviceAccount.name, in: identity.namespace), identity.serviceAccount.uid)
        }
    }
}

extension TokenReviewFailure {
    /// - Parameters:
    ///   - resource: the plural name.
    ///   - tooMany: the reason for too many concurrent reads.
    ///   - forbidden: the reason for 403, with what to do.
    init(
        _ failure: KubernetesObjectReader.Failure, reading resource: String, tooMany: String, forbidden: String
    ) {
        switch failure {
        case .tooMany: self.init(retryAfter: 1, reason: tooMany)
        case .request(let error): self.init(error)
        case .status(let reply): self.init(reply, to: "a get of \(resource)", forbidden: forbidden)
        case .otherObject:
            self.init(
                retryAfter: 5, reason: "the response of the API server to a get of \(resource) is not the object")
        }
    }
}
