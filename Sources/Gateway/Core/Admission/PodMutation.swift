package import JSON

/// Computes the patch of a Pod. Pure and additive: unknown fields stay, and existing fields change only where an earlier
/// injection wrote them. A second review of a Pod adds nothing.
package struct PodMutation: Sendable {
    /// The patch of an admitted Pod.
    package struct Outcome: Sendable, Equatable {
        /// Empty where nothing is added.
        package var patch = JSONPatch()
        /// For the Pod's author; in lower case, without a final period.
        package var warnings: [String] = []
        /// The endpoints that are injected, sorted by name.
        package var endpoints: [String] = []

        package init(patch: JSONPatch = JSONPatch(), warnings: [String] = [], endpoints: [String] = []) {
            self.patch = patch
            self.warnings = warnings
            self.endpoints = endpoints
        }
    }

    private let policy: InjectionPolicy
    private let endpoints: InjectableEndpoints

    /// - Parameter endpoints: those of the configuration, with the prefix of the policy.
    package init(_ policy: InjectionPolicy, _ endpoints: InjectableEndpoints) {
        self.policy = policy
        self.endpoints = endpoints
    }

    package init(_ policy: InjectionPolicy, endpoints: [EndpointConfiguration]) {
        self.init(policy, InjectableEndpoints(endpoints, prefix: policy.prefix))
    }

    /// The ServiceAccount whose annotations are needed, since the Pod lacks an annotation.
    package struct NeededServiceAccount: Sendable, Equatable {
        /// The name in the Pod, which may be invalid.
        package let name: String
        /// The annotations that the Pod lacks and needs.
        package let missing: Set<String>
        /// All annotations to read: those, and the optional ones that go with them.
        package let keys: Set<String>
    }

    /// The ServiceAccount to be read; nil where the Pod has all annotations, requests no injection, or is denied in any
    /// case.
    package func neededServiceAccount(of pod: JSONNode) -> NeededServiceAccount? {
        guard let labels = try? PodReading.labels(of: pod) else { return nil }
        let requested = endpoints.requested(by: labels)
        guard !requested.isEmpty, let reading = try? PodReading(pod), !reading.isMirror, !reading.isOfWindows else {
            return nil
        }
        var (missing, keys): (Set<String>, Set<String>) = ([], [])
        for endpoint in requested {
            let key = policy.key(endpoint.injector.label)
            guard (reading.annotations[key] ?? "").isEmpty else { continue }
            missing.insert(key)
            keys.formUnion([key, RequestedInjections.lifetimeKey(of: endpoint, policy)])
            keys.formUnion(endpoint.injector.options.map { "\(key)-\($0)" })
        }
        return missing.isEmpty
            ? nil : NeededServiceAccount(name: reading.serviceAccountName, missing: missing, keys: keys)
    }

    /// The additions for every endpoint whose label the Pod has.
    ///
    /// - Parameters:
    ///   - namespace: the request's namespace, since the Pod may have none.
    ///   - serviceAccount: the annotations of the Pod's ServiceAccount; empty where they were not read.
    /// - Throws: why the Pod is not admitted.
    package func patch(
        _ pod: JSONNode, namespace: String, serviceAccount: [String: String] = [:]
    ) throws(AdmissionDenial) -> Outcome {
        let requested = endpoints.requested(by: try PodReading.labels(of: pod))
        guard !requested.isEmpty else { return Outcome() }
        let reading = try PodReading(pod)
        guard !reading.isMirror else {
            return Outcome(warnings: [
                "this Pod is the mirror of a static Pod, which cannot be injected and gets no token; "
                    + "create the Pod through the API"
            ])
        }
        guard !reading.isOfWindows else {
            throw AdmissionDenial(
                .forbidden,
                "\(OperatingSystem.denial) "
                    + requested.map { policy.key($0.injector.label) }.joined(separator: ", "))
        }
        let injections = try RequestedInjections(
            requested, of: reading, namespace: namespace, serviceAccount: serviceAccount, policy)
        guard !injections.endpoints.isEmpty else { return Outcome(warnings: injections.warnings) }
        guard !isOfOpenUnison(reading, injections.endpoints) else {
            return Outcome(warnings: Self.bounded(injections.warnings + [Self.keepsOpenUnison]))
        }
        var additions = try PodAdditions(to: reading, injections, known: endpoints, policy)
        try additions.addAll()
        return Outcome(
            patch: additions.patch, warnings: Self.bounded(injections.warnings + additions.warnings),
            endpoints: injections.endpoints.map(\.name))
    }

    /// Whether OpenUnison's webhook has injected the Pod, and this one has not.
    private func isOfOpenUnison(_ pod: PodReading, _ requested: [EndpointConfiguration]) -> Bool {
        guard !InjectionRecord(pod.annotations, policy).isPresent,
            !(pod.initContainers + pod.containers).contains(where: { InjectedNames.containers.contains($0.name) })
        else { return false }
        return OpenUnisonSidecar.provides(requested, to: pod)
    }

    private static let keepsOpenUnison =
        "OpenUnison's webhook has injected the Pod (init container \(OpenUnisonSidecar.name)), so it gets no tokens of this "
        + "gateway; recreate the Pod when that webhook is deleted"

    /// Limits the number of warnings, since an API server passes on 4,096 characters at most.
    private static func bounded(_ warnings: [String]) -> [String] {
        guard warnings.count > maximumWarnings else { return warnings }
        return warnings.prefix(maximumWarnings) + ["\(warnings.count - maximumWarnings) more warnings are omitted"]
    }

    private static let maximumWarnings = 16

    /// The decision on a review.
    ///
    /// - Parameter injector: the endpoint of the webhook that sent the review; nil for none.
    package func decision(
        on review: AdmissionReview, by injector: String? = nil, serviceAccount: [String: String] = [:]
    ) -> AdmissionDecision {
        switch review.subject {
        case .nothing: return .admitted(Outcome())
        case .rejected(let denial): return .denied(denial)
        case .pod(let pod, let namespace):
            do throws(AdmissionDenial) {
                try checkLabel(of: pod, by: injector)
                return .admitted(try patch(pod, namespace: namespace, serviceAccount: serviceAccount))
            } catch {
                return .denied(error)
            }
        }
    }

    /// Denies a Pod that was sent by an endpoint's webhook but has no label of the endpoint: the webhook configuration
    /// has another label than the gateway's configuration, which the gateway has not reloaded yet. Without the denial
    /// the Pod would start without tokens.
    private func checkLabel(of pod: JSONNode, by injector: String?) throws(AdmissionDenial) {
        guard let endpoint = injector.flatMap({ endpoints[$0] }) else { return }
        let key = policy.key(endpoint.injector.label)
        guard try PodReading.labels(of: pod)[key] == nil else { return }
        throw .notLoaded("the Pod was sent by the webhook of the endpoint \(endpoint.name), but has no label \(key)")
    }

    /// The response to a review.
    package func answer(to review: AdmissionReview, serviceAccount: [String: String] = [:]) -> JSONValue {
        review.answering(decision(on: review, serviceAccount: serviceAccount))
    }
}
