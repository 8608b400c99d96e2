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

    /// Why the objects are not written.
    enum WriteError: Error {
        case call(KubernetesAPIError)
        /// The API server rejects an object, so that none was written.
        case rejected(place: String, KubernetesAPIError, differing: Int)
    }

    /// A write that is to be done.
    private struct Change {
        enum Kind {
            case create(JSONValue)
            case patch(JSONValue, difference: String)
        }

        let resource: KubernetesResource
        let name: String
        let kind: Kind

        var place: String { "\(resource.kind) \(name)" }
    }

    /// Creates or updates the objects in order, except those that must not be written. Before the first write the API server
    /// checks all of them, so that one that it rejects leaves no part of the others in force.
    ///
    /// - Parameter owner: the name of the chart's ClusterRole.
    /// - Parameter writes: false to compare only.
    func write(_ objects: [JSONValue], owner: String, writes: Bool) async throws(WriteError) -> Outcome {
        var outcome = Outcome()
        let changes: [Change]
        do throws(KubernetesAPIError) {
            changes = try await self.changes(objects, owner: owner, writes: writes, &outcome.differences)
        } catch {
            throw .call(error)
        }
        for isDryRun in [true, false] {
            for change in changes {
                do throws(KubernetesAPIError) {
                    try await apply(change, dryRun: isDryRun)
                } catch {
                    guard isDryRun, case .invalid = error.kind else { throw .call(error) }
                    throw .rejected(place: change.place, error, differing: changes.count)
                }
            }
        }
        outcome.isChanged = !changes.isEmpty
        return outcome
    }

    /// The writes that are to be done.
    ///
    /// - Parameter differences: gets how objects differ that are not written.
    private func changes(
        _ objects: [JSONValue], owner: String, writes: Bool, _ differences: inout [String]
    ) async throws(KubernetesAPIError) -> [Change] {
        let owner = writes ? try await reference(owner) : nil
        var changes: [Change] = []
        for object in objects {
            guard let kind = object["kind"]?.stringValue, let resource = Self.resource(kind),
                let name = object["metadata"]?["name"]?.stringValue
            else { continue }
            let wanted = writes ? AdmissionPolicyManifest.managed(object, owner: owner) : object
            let place = "\(resource.kind) \(name)"
            guard let found = try await collection(resource).get(name) else {
                changes.append(Change(resource: resource, name: name, kind: .create(wanted)))
                if !writes { differences.append("\(place) does not exist") }
                continue
            }
            if let reason = AdmissionPolicyManifest.reasonToKeep(found.json, instead: wanted) {
                differences.append("\(place): \(reason)")
                continue
            }
            guard let difference = AdmissionPolicyManifest.difference(of: found.json, from: wanted) else { continue }
            if !writes { differences.append("\(place): \(difference) differs") }
            let patch = AdmissionPolicyManifest.patch(
                of: found.json, to: wanted, version: found.meta.resourceVersion)
            changes.append(Change(resource: resource, name: name, kind: .patch(patch, difference: difference)))
        }
        return writes ? changes : []
    }

    private func apply(_ change: Change, dryRun: Bool) async throws(KubernetesAPIError) {
        let collection = collection(change.resource)
        switch change.kind {
        case .create(let object):
            do throws(KubernetesAPIError) {
                _ = try await collection.create(object, dryRun: dryRun)
            } catch {
                // The former leader may have created it; the next check compares it.
                guard error.kind == .alreadyExists else { throw error }
            }
            if !dryRun { logger.notice("admission policy created", metadata: ["object": "\(change.place)"]) }
        case .patch(let patch, let difference):
            _ = try await collection.patch(change.name, .merge(patch), dryRun: dryRun)
            guard !dryRun else { return }
            logger.notice(
                "admission policy updated", metadata: ["object": "\(change.place)", "difference": "\(difference)"])
        }
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
