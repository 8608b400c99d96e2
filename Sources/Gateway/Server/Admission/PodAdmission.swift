import GatewayCore
import KubernetesAPI
import Logging

/// Decides on admission reviews, with the configuration and the current state of the gateway and the cluster.
struct PodAdmission: Sendable {
    let endpoints: InjectableEndpoints
    let injection: GatewayConfiguration.Injection
    /// The gateway's namespace; nil where it is not known.
    let namespace: String?
    /// The image of the sidecar where the configuration has none.
    let standardImage: String
    /// Returns the CAs that Pods must trust in PEM; nil for those of the Pod's image.
    let trust: @Sendable () -> String?
    let serverVersion: @Sendable () -> KubernetesVersion?
    /// nil where the annotations of ServiceAccounts are not used.
    let serviceAccounts: (any ServiceAccountAnnotationReading)?
    /// Why another gateway may inject the same Pods; nil where none does.
    let conflict: @Sendable () -> String?
    let logger: Logger

    /// Returns the decision. There are no side effects, whether the review is a dry run or not.
    ///
    /// - Parameter injector: the endpoint whose webhook was called; nil for one that this replica does not know.
    func decision(on review: AdmissionReview, by injector: String?) async -> AdmissionDecision {
        let decision = await mutation(of: review, by: injector)
        guard case .denied(let denial) = decision, denial.code == .forbidden, let conflict = conflict() else {
            return decision
        }
        return .denied(denial.adding(conflict))
    }

    private func mutation(of review: AdmissionReview, by injector: String?) async -> AdmissionDecision {
        guard let injector else {
            guard case .pod = review.subject else { return .admitted(PodMutation.Outcome()) }
            return .denied(.notLoaded("this replica does not know the endpoint of the webhook that sent the Pod"))
        }
        let policy = InjectionPolicy(
            injection, namespace: namespace, standardImage: standardImage, trust: trust(),
            serverVersion: serverVersion())
        let mutation = PodMutation(policy, endpoints)
        guard let serviceAccounts, case .pod(let pod, let namespace) = review.subject,
            let needed = mutation.neededServiceAccount(of: pod)
        else { return mutation.decision(on: review, by: injector) }
        do throws(AdmissionDenial) {
            let annotations = try await annotations(needed, in: namespace, serviceAccounts)
            return mutation.decision(on: review, by: injector, serviceAccount: annotations)
        } catch {
            return .denied(error)
        }
    }

    /// Reads annotations of the ServiceAccount. Where that fails, the Pod is denied: it must not start without tokens.
    private func annotations(
        _ needed: PodMutation.NeededServiceAccount, in namespace: String, _ reader: any ServiceAccountAnnotationReading
    ) async throws(AdmissionDenial) -> [String: String] {
        guard KubernetesName.isSubdomain(needed.name) else {
            throw AdmissionDenial(
                .badRequest, "invalid spec.serviceAccountName; expected the name of a ServiceAccount")
        }
        let missing = needed.missing.sorted().joined(separator: ", ")
        let found: [String: String]?
        do throws(ServiceAccountReadFailure) {
            found = try await reader.annotations(needed.keys, of: needed.name, in: namespace)
        } catch {
            logger.warning(
                "ServiceAccount not readable",
                metadata: [
                    "code": "\(ErrorCode.apiServer)", "namespace": "\(namespace)", "serviceaccount": "\(needed.name)",
                    "reason": "\(error.reason)",
                ])
            throw AdmissionDenial(
                .unavailable,
                "the gateway cannot read the annotations of the ServiceAccount \"\(needed.name)\" for \(missing); "
                    + "try again, or add the annotation to the Pod")
        }
        guard let found else {
            throw AdmissionDenial(
                .forbidden,
                "missing ServiceAccount \"\(needed.name)\", whose annotations are needed for "
                    + "\(missing); create it first, or add the annotation to the Pod")
        }
        return found
    }
}
