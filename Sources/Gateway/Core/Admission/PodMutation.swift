package import JSON

/// Decides what a Pod is given. Pure, and additive: the Pod is never written anew, so that fields which nobody here
/// knows survive. What is there already is left as it is, and a second review of a Pod adds nothing.
package struct PodMutation: Sendable {
    /// What is to be done with a Pod that is admitted.
    package struct Outcome: Sendable, Equatable {
        /// Empty where there is nothing to add.
        package var patch = JSONPatch()
        /// For the Pod's author; lower case, no final period.
        package var warnings: [String] = []
        /// The endpoints whose tokens the Pod has then, sorted by name.
        package var endpoints: [String] = []

        package init(patch: JSONPatch = JSONPatch(), warnings: [String] = [], endpoints: [String] = []) {
            self.patch = patch
            self.warnings = warnings
            self.endpoints = endpoints
        }
    }

    private let policy: InjectionPolicy
    private let endpoints: [EndpointConfiguration]

    package init(_ policy: InjectionPolicy, endpoints: [EndpointConfiguration]) {
        self.policy = policy
        self.endpoints = endpoints
    }

    /// The ServiceAccount whose annotations decide, since the Pod lacks one.
    package struct NeededServiceAccount: Sendable, Equatable {
        /// As the Pod has it, which may be none that Kubernetes could take.
        package let name: String
        /// The keys that the Pod lacks.
        package let keys: Set<String>
    }

    /// nil where the Pod has all that it needs, asks for nothing, or is refused in any case.
    package func neededServiceAccount(of pod: JSONValue) -> NeededServiceAccount? {
        guard let labels = try? PodReading.labels(of: pod) else { return nil }
        let asked = RequestedInjections.endpoints(endpoints, of: labels, policy)
        guard !asked.isEmpty, let reading = try? PodReading(pod), !reading.isMirror, !reading.isOfWindows else {
            return nil
        }
        let keys = asked.map { policy.key($0.injector.label) }.filter { (reading.annotations[$0] ?? "").isEmpty }
        return keys.isEmpty ? nil : NeededServiceAccount(name: reading.serviceAccountName, keys: Set(keys))
    }

    /// The additions for every endpoint whose label the Pod bears.
    ///
    /// - Parameters:
    ///   - namespace: the request's, since a Pod need not name its own.
    ///   - serviceAccount: the annotations of the Pod's ServiceAccount; none where they are not read.
    /// - Throws: why the Pod is not admitted.
    package func patch(
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
            patch: additions.patch, warnings: Self.bounded(requested.warnings + additions.warnings),
            endpoints: requested.endpoints.map(\.name))
    }

    /// More than an API server passes on (4,096 characters in all) are not told.
    private static func bounded(_ warnings: [String]) -> [String] {
        guard warnings.count > mostWarnings else { return warnings }
        return warnings.prefix(mostWarnings) + ["\(warnings.count - mostWarnings) more warnings are left out"]
    }

    private static let mostWarnings = 16

    /// What becomes of the object of a review.
    ///
    /// - Parameter injector: the endpoint by whose webhook it came; nil for none.
    package func decision(
        on review: AdmissionReview, by injector: String? = nil, serviceAccount: [String: String] = [:]
    ) -> AdmissionDecision {
        switch review.subject {
        case .nothing: return .admitted(Outcome())
        case .refused(let denial): return .denied(denial)
        case .pod(let pod, let namespace):
            do throws(AdmissionDenial) {
                var outcome = try patch(pod, namespace: namespace, serviceAccount: serviceAccount)
                if let warning = try strayWarning(pod, by: injector) { outcome.warnings.append(warning) }
                return .admitted(outcome)
            } catch {
                return .denied(error)
            }
        }
    }

    /// An API server that follows the webhook's configuration sends no Pod without the label: one of the two has a label
    /// or a prefix that the other has not heard of yet, and the Pod would go without its tokens in silence.
    private func strayWarning(_ pod: JSONValue, by injector: String?) throws(AdmissionDenial) -> String? {
        guard let endpoint = endpoints.first(where: { $0.name == injector }) else { return nil }
        let key = policy.key(endpoint.injector.label)
        guard try PodReading.labels(of: pod)[key] == nil else { return nil }
        return "the Pod came by the webhook of the endpoint \(endpoint.name), but has no label \(key), so nothing is "
            + "injected for it; where labels were changed just now, make the Pod again in a minute"
    }

    /// The answer to a review.
    package func answer(to review: AdmissionReview, serviceAccount: [String: String] = [:]) -> JSONValue {
        review.answering(decision(on: review, serviceAccount: serviceAccount))
    }
}

/// Whether an object is admitted.
package enum AdmissionDecision: Sendable, Equatable {
    case admitted(PodMutation.Outcome)
    case denied(AdmissionDenial)
}
