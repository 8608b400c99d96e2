import FoundationEssentials
package import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging
import Synchronization

/// Key rings in the Secrets `sts-keyring-<endpoint>` of the gateway's namespace, each a ``KeyRingDocument`` below the
/// data key `keyring.json`:
///
///     kubectl get secret sts-keyring-example -o jsonpath='{.data.keyring\.json}' | base64 -d
///
/// What else there is in a Secret, others' labels, annotations and owners, stays when a ring is written. The gateway
/// needs get, list, watch, create, update and delete on secrets in its namespace.
package final class SecretSigningKeyStore: SigningKeyStore {
    static let namePrefix = "sts-keyring-"
    static let dataKey = "keyring.json"
    static let ringLabel = "sts-gateway.io/keyring"
    static let managerLabel = "app.kubernetes.io/managed-by"

    let secrets: KubernetesCollection
    let logger: Logger
    let settings: Reflector.Settings
    /// Endpoints whose Secret lacks the label, as somebody has taken it away: a watch does not hear of them.
    let unlabelled = Mutex<Set<String>>([])

    /// - Parameter namespace: the gateway's own.
    init(
        client: KubernetesClient, namespace: String, pacing: Pacing, settings: Reflector.Settings = .init(),
        logger: Logger
    ) {
        secrets = KubernetesCollection(client: client, resource: .secrets, namespace: namespace, pacing: pacing)
        self.settings = settings
        self.logger = logger
    }

    package func load(endpoint: String) async throws(KeyStoreError) -> StoredKeyRing? {
        guard let secret = try await secret(endpoint) else { return nil }
        return try Self.ring(of: secret, endpoint: endpoint)
    }

    package func save(
        _ ring: KeyRing, replacing expected: KeyRingVersion?
    ) async throws(KeyStoreError) -> KeyRingVersion {
        let name = Self.name(ring.endpoint)
        let data = [(Self.dataKey, try KeyRingDocument.encode(ring))]
        let labels = [(Self.managerLabel, "sts-gateway"), (Self.ringLabel, ring.endpoint)]
        guard let expected else {
            let secret = Secret.new(name: name, namespace: secrets.namespace ?? "", labels: labels, data: data)
            return Self.version(
                try await writing { () async throws(KubernetesFailure) in
                    try await secrets.create(secret)
                })
        }
        guard let present = try await secret(ring.endpoint), Self.version(present.object) == expected else {
            throw .conflict
        }
        guard !present.isImmutable else {
            throw .unavailable(
                "\(shown(name)) is immutable; delete it, so that the gateway makes it anew from what it has in memory")
        }
        let written = try await writing { () async throws(KubernetesFailure) in
            do throws(KubernetesFailure) {
                return try await secrets.update(name, present.setting(labels: labels, data: data))
            } catch {
                throw error.kind == .notFound ? secrets.failure(.conflict, "update") : error
            }
        }
        _ = unlabelled.withLock { $0.remove(ring.endpoint) }
        return Self.version(written)
    }

    package func delete(endpoint: String, version: KeyRingVersion) async throws(KeyStoreError) {
        let parts = version.rawValue.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw .conflict }
        do throws(KubernetesFailure) {
            try await secrets.delete(Self.name(endpoint), uid: parts[0], resourceVersion: parts[1])
        } catch {
            throw error.kind == .notFound || error.kind == .conflict ? .conflict : KeyStoreError(error)
        }
    }

    package func endpoints() async throws(KeyStoreError) -> [String] {
        var names: [String] = []
        do throws(KubernetesFailure) {
            _ = try await secrets.list(selector: Self.ringLabel, pageSize: settings.pageSize) { object in
                if let endpoint = Self.endpoint(object.meta.name) { names.append(endpoint) }
            }
        } catch {
            throw KeyStoreError(error)
        }
        // A page that was asked for again, or a list that goes over a change, may tell one twice.
        return Set(names).sorted()
    }

    /// The endpoint's Secret, with or without our label.
    private func secret(_ endpoint: String) async throws(KeyStoreError) -> Secret? {
        do throws(KubernetesFailure) {
            let secret = try await secrets.get(Self.name(endpoint)).map(Secret.init)
            let isUnlabelled = secret.map { $0.meta.labels[Self.ringLabel] == nil } ?? false
            unlabelled.withLock {
                if isUnlabelled { $0.insert(endpoint) } else { _ = $0.remove(endpoint) }
            }
            return secret
        } catch {
            throw KeyStoreError(error)
        }
    }

    private func writing(
        _ write: () async throws(KubernetesFailure) -> KubernetesObject
    ) async throws(KeyStoreError) -> KubernetesObject {
        do throws(KubernetesFailure) {
            return try await write()
        } catch {
            throw error.kind == .conflict || error.kind == .alreadyExists ? .conflict : KeyStoreError(error)
        }
    }

    private func shown(_ name: String) -> String { Self.shown(name, secrets.namespace) }
}

extension SecretSigningKeyStore {
    static func name(_ endpoint: String) -> String { namePrefix + endpoint }

    /// nil where it is not the name of a ring's Secret.
    static func endpoint(_ name: String) -> String? {
        name.hasPrefix(namePrefix) && name != namePrefix ? String(name.dropFirst(namePrefix.count)) : nil
    }

    /// Another one where the Secret was deleted and made anew.
    static func version(_ object: KubernetesObject) -> KeyRingVersion {
        KeyRingVersion(rawValue: "\(object.meta.uid)/\(object.meta.resourceVersion)")
    }

    static func shown(_ name: String, _ namespace: String?) -> String { "Secret \(namespace ?? "")/\(name)" }

    static func ring(of secret: Secret, endpoint: String) throws(KeyStoreError) -> StoredKeyRing {
        let shown = shown(secret.meta.name, secret.meta.key.namespace)
        guard let document = secret.data(dataKey) else { throw .malformed("\(shown) has no data key \(dataKey)") }
        do throws(KeyStoreError) {
            return StoredKeyRing(
                ring: try KeyRingDocument.decode(document, endpoint: endpoint), version: version(secret.object))
        } catch {
            guard case .malformed(let why) = error else { throw error }
            throw .malformed("\(shown): \(why)")
        }
    }
}

extension KeyStoreError {
    /// The failures that are no conflict.
    init(_ failure: KubernetesFailure) { self = .unavailable(failure.description) }
}
