public import JOSE

/// Decides what a Pod is given. Pure, and additive: the Pod is never written anew, so that fields which nobody here
/// knows survive. What is there already is left as it is, and a second review of a Pod adds nothing.
public struct PodMutation: Sendable {
    /// What is to be done with a Pod that is admitted.
    public struct Outcome: Sendable, Equatable {
        /// Empty where there is nothing to add.
        public var patch = JSONPatch()
        /// For the Pod's author; lower case, no final period.
        public var warnings: [String] = []
        /// The endpoints whose tokens the Pod has then, sorted by name.
        public var endpoints: [String] = []

        public init(patch: JSONPatch = JSONPatch(), warnings: [String] = [], endpoints: [String] = []) {
            self.patch = patch
            self.warnings = warnings
            self.endpoints = endpoints
        }
    }

    private let policy: InjectionPolicy
    private let endpoints: [EndpointConfiguration]

    public init(_ policy: InjectionPolicy, endpoints: [EndpointConfiguration]) {
        self.policy = policy
        self.endpoints = endpoints
    }

    /// The ServiceAccount whose annotations decide, since the Pod lacks one; nil where the Pod has all that it needs.
    public func neededServiceAccount(of pod: JSONValue) -> String? {
        guard let labels = try? PodReading.labels(of: pod) else { return nil }
        let asked = RequestedInjections.endpoints(endpoints, of: labels, policy)
        guard !asked.isEmpty, let reading = try? PodReading(pod) else { return nil }
        let isComplete = asked.allSatisfy { endpoint in
            !(reading.annotations[policy.key(endpoint.injector.label)] ?? "").isEmpty
        }
        return isComplete ? nil : reading.serviceAccountName
    }

    /// The additions for every endpoint whose label the Pod bears.
    ///
    /// - Parameters:
    ///   - namespace: the request's, since a Pod need not name its own.
    ///   - serviceAccount: the annotations of the Pod's ServiceAccount; none where they are not read.
    /// - Throws: why the Pod is not admitted.
    public func patch(
        _ pod: JSONValue, namespace: String, serviceAccount: [String: String] = [:]
    ) throws(AdmissionDenial) -> Outcome {
        let asked = RequestedInjections.endpoints(endpoints, of: try PodReading.labels(of: pod), policy)
        guard !asked.isEmpty else { return Outcome() }
        let reading = try PodReading(pod)
        guard !reading.isMirror else {
            return Outcome(warnings: [
                "this Pod mirrors a static one, which runs without the API server and gets no token; "
                    + "make the Pod through the API"
            ])
        }
        guard !reading.isOfWindows else {
            throw AdmissionDenial(
                .forbidden,
                "the Pod is one of Windows, and the sidecar runs on Linux only; remove the label "
                    + asked.map { policy.key($0.injector.label) }.joined(separator: ", "))
        }
        let requested = try RequestedInjections(
            asked, of: reading, namespace: namespace, serviceAccount: serviceAccount, policy)
        guard !requested.endpoints.isEmpty else { return Outcome(warnings: requested.warnings) }
        var additions = try PodAdditions(to: reading, requested, policy)
        try additions.addAll()
        return Outcome(
            patch: additions.patch, warnings: requested.warnings + additions.warnings,
            endpoints: requested.endpoints.map(\.name))
    }

    /// The answer to a review.
    public func answer(to review: AdmissionReview, serviceAccount: [String: String] = [:]) -> JSONValue {
        switch review.subject {
        case .nothing: return review.allowing()
        case .refused(let denial): return review.denying(denial)
        case .pod(let pod, let namespace):
            do throws(AdmissionDenial) {
                let outcome = try patch(pod, namespace: namespace, serviceAccount: serviceAccount)
                return review.allowing(outcome.patch, warnings: outcome.warnings)
            } catch {
                return review.denying(error)
            }
        }
    }
}
