import GatewayCore
import JSON

/// Does to the objects of a file what the webhook would do to their Pods.
struct InjectCommandPreview {
    struct Result {
        struct Object {
            let json: JSONValue
            let patch: JSONPatch
        }

        var objects: [Object] = []
        var warnings: [String] = []
    }

    struct Refusal: Error {
        let reason: String
        /// What was said before it.
        let warnings: [String]
    }

    let mutation: PodMutation
    /// Of objects that do not name theirs.
    let namespace: String
    /// Told with what is injected.
    var assumptions: [String] = []
    /// What a Pod asks by, per endpoint.
    let labels: [(endpoint: String, key: String)]

    /// - Parameter wanted: endpoints that a Pod has to get the tokens of; any one where it is empty.
    func injected(_ documents: [WorkloadManifest], wanted: [String]) throws(Refusal) -> Result {
        var result = Result()
        var given: Set<String> = []
        let accounts = documents.flatMap(\.serviceAccounts)
        for document in documents {
            var patch = JSONPatch()
            for pod in document.pods {
                let outcome = try self.outcome(pod, document, accounts, result.warnings)
                patch.append(outcome.patch.below(pod.pointer))
                result.warnings += outcome.warnings.map { "\(pod.name): \($0)" }
                given.formUnion(outcome.endpoints)
            }
            guard let json = patch.applied(to: document.json) else {
                throw Refusal(reason: "the patch does not fit; please report this Pod", warnings: result.warnings)
            }
            result.objects.append(.init(json: json, patch: patch))
        }
        guard documents.contains(where: { !$0.pods.isEmpty }) else {
            throw Refusal(reason: "there is no Pod and no template of Pods; give an object that has one", warnings: [])
        }
        let missing =
            wanted.isEmpty ? (given.isEmpty ? labels.map(\.endpoint) : []) : wanted.filter { !given.contains($0) }
        guard missing.isEmpty else {
            let keys = labels.filter { missing.contains($0.endpoint) }.map(\.key).joined(separator: ", ")
            throw Refusal(
                reason: "nothing is injected for \(missing.joined(separator: ", ")); "
                    + "give the Pod the label and the annotation \(keys)",
                warnings: result.warnings)
        }
        result.warnings += assumptions
        return result
    }

    private func outcome(
        _ pod: WorkloadManifest.Pod, _ document: WorkloadManifest, _ accounts: [WorkloadManifest.ServiceAccount],
        _ warnings: [String]
    ) throws(Refusal) -> PodMutation.Outcome {
        let json = document.json(of: pod) ?? .null
        let place = pod.namespace ?? namespace
        let name = mutation.neededServiceAccount(of: json)?.name
        let account = accounts.first { $0.name == name && ($0.namespace ?? namespace) == place }
        do {
            return try mutation.patch(json, namespace: place, serviceAccount: account?.annotations ?? [:])
        } catch {
            throw Refusal(reason: "\(pod.name): \(error)", warnings: warnings)
        }
    }
}
