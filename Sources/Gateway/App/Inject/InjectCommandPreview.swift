import GatewayCore
import JSON

/// Applies the mutation of the webhook to the Pods in the objects of a file.
struct InjectCommandPreview {
    struct Result {
        struct Object {
            let json: JSONValue
            let patch: JSONPatch
        }

        var objects: [Object] = []
        var warnings: [String] = []
    }

    struct Denial: Error {
        let reason: String
        /// The warnings before the denial.
        let warnings: [String]
    }

    let mutation: PodMutation
    /// The namespace of objects without one.
    let namespace: String
    /// Warnings that are added to a result.
    var assumptions: [String] = []
    /// The label key of each endpoint.
    let labels: [(endpoint: String, key: String)]

    /// - Parameter wanted: the endpoints whose tokens a Pod must get; any one where it is empty.
    func injected(_ documents: [WorkloadManifest], wanted: [String]) throws(Denial) -> Result {
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
                throw Denial(reason: "the patch cannot be applied; report this Pod as a bug", warnings: result.warnings)
            }
            result.objects.append(.init(json: json, patch: patch))
        }
        guard documents.contains(where: { !$0.pods.isEmpty }) else {
            throw Denial(reason: "no Pod and no Pod template; expected an object that has one", warnings: [])
        }
        let missing =
            wanted.isEmpty ? (given.isEmpty ? labels.map(\.endpoint) : []) : wanted.filter { !given.contains($0) }
        guard missing.isEmpty else {
            let keys = labels.filter { missing.contains($0.endpoint) }.map(\.key).joined(separator: ", ")
            throw Denial(
                reason: "nothing is injected for \(missing.joined(separator: ", ")); "
                    + "add the label and the annotation \(keys) to the Pod",
                warnings: result.warnings)
        }
        result.warnings += assumptions
        return result
    }

    private func outcome(
        _ pod: WorkloadManifest.Pod, _ document: WorkloadManifest, _ accounts: [WorkloadManifest.ServiceAccount],
        _ warnings: [String]
    ) throws(Denial) -> PodMutation.Outcome {
        let json = document.json(of: pod) ?? .null
        let place = pod.namespace ?? namespace
        let name = mutation.neededServiceAccount(of: json)?.name
        let account = accounts.first { $0.name == name && ($0.namespace ?? namespace) == place }
        do {
            return try mutation.patch(json, namespace: place, serviceAccount: account?.annotations ?? [:])
        } catch {
            throw Denial(reason: "\(pod.name): \(error)", warnings: warnings)
        }
    }
}
