import GatewayCore
import JSON
import Kubernetes
import KubernetesAPI
import Logging

/// Writes and deletes the admission policies of the gateway, and deletes its webhook configurations.
struct AdmissionPolicyWriter: Sendable {
    /// What became of the objects.
    struct Outcome {
        /// How objects differ that were not written.
        var differences: [String] = []
        /// Whether an object was written.
        var isChanged = false
    }

    /// An object that the gateway has written.
    struct Written {
        let resource: KubernetesResource
        let object: KubernetesObject
    }

    let client: KubernetesClient
    /// The gateway's version.
    let version: String
    let scheduler: Scheduler
    let logger: Logger

    private func collection(_ resource: KubernetesResource) -> KubernetesCollection {
        KubernetesCollection(client: client, resource: resource, namespace: nil, scheduler: scheduler.kubernetes)
    }

    private static func resource(_ kind: String) -> KubernetesResource? {
        KubernetesResource.admissionPolicies.first { $0.kind == kind }
    }

    /// Creates or updates the objects in order, up to the first one that must not be written.
    ///
    /// - Parameter owner: the name of the chart's ClusterRole.
    /// - Parameter writes: false to compare only.
    func write(
        _ objects: [JSONValue], owner: String, writes: Bool
    ) async throws(KubernetesAPIError) -> Outcome {
        var outcome = Outcome()
        let owner = writes ? try await reference(owner) : nil
        for object in objects {
            guard let kind = object["kind"]?.stringValue, let resource = Self.resource(kind),
                let name = object["metadata"]?["name"]?.stringValue
            else { continue }
            let wanted = writes ? AdmissionPolicyManifest.managed(object, owner: owner) : object
            try await write(wanted, name, resource, writes: writes, &outcome)
        }
        return outcome
    }

    private func write(
        _ wanted: JSONValue, _ name: String, _ resource: KubernetesResource, writes: Bool, _ outcome: inout Outcome
    ) async throws(KubernetesAPIError) {
        let place = "\(resource.kind) \(name)"
        guard let found = try await collection(resource).get(name) else {
            guard writes else {
                outcome.differences.append("\(place) does not exist")
                return
            }
            outcome.isChanged = true
            do throws(KubernetesAPIError) {
                _ = try await collection(resource).create(wanted)
            } catch {
                // The former leader may have created it; the next check compares it.
                guard error.kind == .alreadyExists else { throw error }
            }
            logger.notice("admission policy created", metadata: ["object": "\(place)"])
            return
        }
        if let reason = AdmissionPolicyManifest.reasonToKeep(found.json, instead: wanted) {
            outcome.differences.append("\(place): \(reason)")
            return
        }
        guard let difference = AdmissionPolicyManifest.difference(of: found.json, from: wanted) else { return }
        guard writes else {
            outcome.differences.append("\(place): \(difference) differs")
            return
        }
        _ = try await collection(resource).patch(
            name,
            .merge(
                AdmissionPolicyManifest.patch(of: found.json, to: wanted, version: found.meta.resourceVersion)))
        outcome.isChanged = true
        logger.notice("admission policy updated", metadata: ["object": "\(place)", "difference": "\(difference)"])
    }

    /// The reference to the chart's ClusterRole, with which the objects are deleted; nil without the chart.
    private func reference(_ name: String) async throws(KubernetesAPIError) -> JSONValue? {
        guard let role = try await collection(.clusterRoles).get(name) else { return nil }
        return [
            "apiVersion": .string(KubernetesResource.clusterRoles.apiVersion),
            "kind": .string(KubernetesResource.clusterRoles.kind), "name": .string(name),
            "uid": .string(role.meta.uid),
        ]
    }

    /// The objects that a gateway of this version or an older one has written, in the order in which they can be
    /// deleted: what injects first, then what denies.
    func written(instance: String) async throws(KubernetesAPIError) -> [Written] {
        var written: [Written] = []
        for (kind, name) in AdmissionPolicyManifest.places(instance: instance).reversed() {
            guard let resource = Self.resource(kind), let object = try await collection(resource).get(name),
                AdmissionPolicyManifest.isManaged(object.json, instance: instance, version: version)
            else { continue }
            written.append(Written(resource: resource, object: object))
        }
        return written
    }

    func remove(_ written: Written) async throws(KubernetesAPIError) {
        let meta = written.object.meta
        guard try await remove(meta.name, uid: meta.uid, written.resource) else { return }
        logger.notice("admission policy deleted", metadata: ["object": "\(written.resource.kind) \(meta.name)"])
    }

    func remove(_ configuration: WebhookConfiguration) async throws(KubernetesAPIError) {
        guard try await remove(configuration.name, uid: configuration.uid, .mutatingWebhookConfigurations) else {
            return
        }
        logger.notice("webhook configuration deleted", metadata: ["configuration": "\(configuration.name)"])
    }

    /// - Returns: whether it existed.
    private func remove(
        _ name: String, uid: String, _ resource: KubernetesResource
    ) async throws(KubernetesAPIError) -> Bool {
        do throws(KubernetesAPIError) {
            try await collection(resource).delete(name, uid: uid, resourceVersion: nil)
            return true
        } catch {
            // Deleted, or created again, since it was read.
            guard error.kind == .notFound || error.kind == .conflict else { throw error }
            return false
        }
    }
}
