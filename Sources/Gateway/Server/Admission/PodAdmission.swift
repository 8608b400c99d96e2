import GatewayCore
import KubernetesAPI
import Logging

/// Decides on reviews by the configuration, and by what is known of the gateway and the cluster at that moment.
struct PodAdmission: Sendable {
    let endpoints: [EndpointConfiguration]
    let injection: GatewayConfiguration.Injection
    /// The gateway's own; nil where it is not known.
    let namespace: String?
    /// The sidecar's, where the configuration names none.
    let standardImage: String
    /// PEM certificates that Pods are to trust; nil where their own do.
    let trust: @Sendable () -> String?
    let serverVersion: @Sendable () -> KubernetesVersion?
    /// nil where the annotations of ServiceAccounts do not count.
    let serviceAccounts: (any ServiceAccountAnnotationReading)?
    let logger: Logger

    /// Changes nothing anywhere, whether the review is a dry run or not.
    ///
    /// - Parameter injector: the endpoint by whose webhook it came.
    func decision(on review: AdmissionReview, by injector: String) async -> AdmissionDecision {
        let policy = InjectionPolicy(
            injection, namespace: namespace, standardImage: standardImage, trust: trust(),
            serverVersion: serverVersion())
        let mutation = PodMutation(policy, endpoints: endpoints)
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

    /// A Pod that may be meant to have tokens must not start without them because something could not be read.
    private func annotations(
        _ needed: PodMutation.NeededServiceAccount, in namespace: String, _ reader: any ServiceAccountAnnotationReading
    ) async throws(AdmissionDenial) -> [String: String] {
        guard KubernetesName.isSubdomain(needed.name) else {
            throw AdmissionDenial(
                .badRequest, "spec.serviceAccountName is no name of a ServiceAccount; write it as the API has it")
        }
        let keys = needed.keys.sorted().joined(separator: ", ")
        let found: [String: String]?
        do throws(ServiceAccountReadFailure) {
            found = try await reader.annotations(needed.keys, of: needed.name, in: namespace)
        } catch {
            logger.warning(
                "a ServiceAccount cannot be read",
                metadata: [
                    "namespace": "\(namespace)", "serviceaccount": "\(needed.name)", "reason": "\(error.reason)",
                ])
            throw AdmissionDenial(
                .unavailable,
                "the gateway cannot read the ServiceAccount \"\(needed.name)\" now, whose annotations may say what the "
                    + "Pod gets for \(keys); try again, or write the annotation on the Pod")
        }
        guard let found else {
            throw AdmissionDenial(
                .forbidden,
                "there is no ServiceAccount \"\(needed.name)\", whose annotations may say what the Pod gets for "
                    + "\(keys); make it first, or write the annotation on the Pod")
        }
        return found
    }
}
