import FoundationEssentials
import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import Synchronization

/// Documents in Secrets of the gateway's namespace, with the names of their ``DocumentLayout``. A write preserves other
/// members of a Secret, such as labels, annotations and owners.
///
/// The gateway needs get, list, watch, create and update on secrets in its namespace, and delete to delete documents.
final class SecretDocumentStore<Value: StateDocument>: DocumentStore {
    let secrets: KubernetesCollection
    let settings: Reflector.Settings
    let logger: Logger
    /// The names of documents whose Secret has lost its label: a watch does not report them.
    let unlabelled = Mutex<Set<String>>([])

    var layout: DocumentLayout { Value.layout }

    /// - Parameter namespace: the gateway's namespace.
    init(
        client: KubernetesClient, namespace: String, scheduler: Scheduler, settings: Reflector.Settings = .init(),
        logger: Logger
    ) {
        secrets = KubernetesCollection(client: client, resource: .secrets, namespace: namespace, scheduler: scheduler)
        self.settings = settings
        self.logger = logger
    }

    func load(_ name: String) async throws(StoreError) -> Stored<Value>? {
        guard let secret = try await secret(name) else { return nil }
        return try stored(secret, name)
    }

    func save(_ value: Value, replacing expected: DocumentVersion?) async throws(StoreError) -> DocumentVersion {
        let secretName = layout.secretName + value.name
        let companions = value.companions.compactMap { companion in
            companion.dataKey.map { ($0, companion.content) }
        }
        let data = [(layout.dataKey, try value.encoded())] + companions
        var labels = [(GatewayLabel.manager, GatewayLabel.managerValue)]
        if let label = layout.label { labels.append((label, value.name)) }
        guard let expected else {
            let new = Secret.new(name: secretName, namespace: secrets.namespace ?? "", labels: labels, data: data)
            return try await writing { () async throws(KubernetesAPIError) in try await secrets.create(new) }
        }
        guard let present = try await secret(value.name), Self.version(present.object) == expected else {
            throw .conflict
        }
        guard !present.isImmutable else {
            throw .unavailable("\(shown(secretName)) is immutable; delete it, so that the gateway creates it again")
        }
        let version = try await writing { () async throws(KubernetesAPIError) in
            do throws(KubernetesAPIError) {
                return try await secrets.update(secretName, present.setting(labels: labels, data: data))
            } catch {
                // Deleted in between. Where an object is created, 404 means that there is no such namespace.
                throw error.kind == .notFound ? secrets.failure(.conflict, "update") : error
            }
        }
        _ = unlabelled.withLock { $0.remove(value.name) }
        return version
    }

    func delete(_ name: String, version: DocumentVersion) async throws(StoreError) {
        let parts = version.rawValue.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw .conflict }
        do throws(KubernetesAPIError) {
            try await secrets.delete(layout.secretName + name, uid: parts[0], resourceVersion: parts[1])
        } catch {
            switch error.kind {
            case .notFound, .conflict: throw .conflict
            case .forbidden: throw .rejected(withoutRight(toDelete: layout.secretName + name))
            default: throw StoreError(error)
            }
        }
    }

    private func withoutRight(toDelete secretName: String) -> String {
        "not allowed to delete the \(shown(secretName)) (403); delete it with an administrator's rights: "
            + "kubectl --namespace \(secrets.namespace ?? "") delete secret \(secretName)"
    }

    func names() async throws(StoreError) -> [String] {
        guard let label = layout.label else { return try await secret("") == nil ? [] : [""] }
        var names: [String] = []
        do throws(KubernetesAPIError) {
            _ = try await secrets.list(selector: label, pageSize: settings.pageSize) { object in
                if let name = self.name(ofSecret: object.meta.name) { names.append(name) }
            }
        } catch {
            throw StoreError(error)
        }
        // A page that is requested again, or a list during a change, may contain an object twice.
        return Set(names).sorted()
    }

    /// The document's Secret, with or without the label.
    func secret(_ name: String) async throws(StoreError) -> Secret? {
        do throws(KubernetesAPIError) {
            let secret = try await secrets.get(layout.secretName + name).map(Secret.init)
            let isUnlabelled = secret.map(isUnlabelled) ?? false
            unlabelled.withLock {
                if isUnlabelled { $0.insert(name) } else { _ = $0.remove(name) }
            }
            return secret
        } catch {
            throw StoreError(error)
        }
    }

    func isUnlabelled(_ secret: Secret) -> Bool { layout.label.map { secret.meta.labels[$0] == nil } ?? false }

    func stored(_ secret: Secret, _ name: String) throws(StoreError) -> Stored<Value> {
        let shown = shown(secret.meta.name)
        guard let document = secret.data(layout.dataKey) else {
            let isOurs = layout.label != nil || secret.meta.labels[GatewayLabel.manager] == GatewayLabel.managerValue
            throw isOurs ? .malformed("\(layout.title) in \(shown): no data key \(layout.dataKey)") : .foreign(shown)
        }
        do throws(StoreError) {
            return Stored(
                try Value(document: document, name: name), version: Self.version(secret.object),
                request: layout.requestAnnotation.flatMap { secret.meta.annotations[$0] })
        } catch {
            guard case .malformed(let why) = error else { throw error }
            throw .malformed("\(layout.title) in \(shown): \(why)")
        }
    }

    /// nil where no document of this layout has a Secret of that name.
    func name(ofSecret secretName: String) -> String? {
        guard layout.label != nil else { return secretName == layout.secretName ? "" : nil }
        guard secretName.hasPrefix(layout.secretName), secretName != layout.secretName else { return nil }
        return String(secretName.dropFirst(layout.secretName.count))
    }

    private func writing(
        _ write: () async throws(KubernetesAPIError) -> KubernetesObject
    ) async throws(StoreError) -> DocumentVersion {
        do throws(KubernetesAPIError) {
            return Self.version(try await write())
        } catch {
            throw error.kind == .conflict || error.kind == .alreadyExists ? .conflict : StoreError(error)
        }
    }

    private func shown(_ secretName: String) -> String { "Secret \(secrets.namespace ?? "")/\(secretName)" }

    /// The uid and the resourceVersion: a Secret that was deleted and created again has another version.
    static func version(_ object: KubernetesObject) -> DocumentVersion {
        DocumentVersion(rawValue: "\(object.meta.uid)/\(object.meta.resourceVersion)")
    }
}

/// The label of everything that the gateway creates.
enum GatewayLabel {
    static let manager = "app.kubernetes.io/managed-by"
    static let managerValue = "sts-gateway"
}

extension StoreError {
    /// A failure that is not a conflict.
    init(_ failure: KubernetesAPIError) { self = .unavailable(failure.description) }
}
