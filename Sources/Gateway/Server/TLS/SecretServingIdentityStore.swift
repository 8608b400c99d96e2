import FoundationEssentials
import GatewayCore
import Kubernetes
import KubernetesAPI
import Logging

/// The serving identity in the Secret `sts-gateway-serving` of the gateway's namespace: the document below
/// `serving.json`, and what clients are to trust below `ca.crt`:
///
///     kubectl get secret sts-gateway-serving -o jsonpath='{.data.ca\.crt}' | base64 -d
///
/// What else there is in the Secret stays when it is written. The gateway needs get, list, watch, create and update on
/// it.
struct SecretServingIdentityStore: ServingIdentityStore {
    static let name = "sts-gateway-serving"
    static let documentKey = "serving.json"
    static let bundleKey = "ca.crt"
    /// Its value is any text; another text asks for another authority.
    static let requestAnnotation = "sts-gateway.io/rotate-ca"

    private let secrets: KubernetesCollection
    private let settings: Reflector.Settings
    private let logger: Logger

    /// - Parameter namespace: the gateway's own.
    init(
        client: KubernetesClient, namespace: String, pacing: Pacing, settings: Reflector.Settings = .init(),
        logger: Logger
    ) {
        secrets = KubernetesCollection(client: client, resource: .secrets, namespace: namespace, pacing: pacing)
        self.settings = settings
        self.logger = logger
    }

    func load() async throws(ServingIdentityError) -> StoredServingIdentity? {
        guard let secret = try await secret() else { return nil }
        return try read(secret)
    }

    func save(
        _ identity: ServingIdentity, replacing version: String?
    ) async throws(ServingIdentityError) -> StoredServingIdentity {
        let data = [
            (Self.documentKey, try ServingIdentityDocument.encode(identity)),
            (Self.bundleKey, Data(identity.bundle.utf8)),
        ]
        let labels = [(SecretSigningKeyStore.managerLabel, "sts-gateway")]
        guard let version else {
            let new = Secret.new(name: Self.name, namespace: secrets.namespace ?? "", labels: labels, data: data)
            return try await writing(identity) { () async throws(KubernetesFailure) in try await secrets.create(new) }
        }
        guard let present = try await secret(), Self.version(present.object) == version else { throw .conflict }
        guard !present.isImmutable else {
            throw .unavailable("\(shown) is immutable; delete it, so that the gateway makes it anew from memory")
        }
        return try await writing(identity) { () async throws(KubernetesFailure) in
            try await secrets.update(Self.name, present.setting(labels: labels, data: data))
        }
    }

    func watch(_ tell: @Sendable (ServingIdentityNews) async -> Void) async {
        let reflector = Reflector(
            secrets, selector: nil, fields: "metadata.name=\(Self.name)", settings: settings, logger: logger)
        var isThere = false
        await reflector.run { event in
            switch event {
            case .added(let object), .modified(let object):
                isThere = true
                await tell(news(Secret(object)))
            case .deleted:
                isThere = false
                await tell(.gone)
            case .listed: if !isThere { await tell(.gone) }
            case .alive: break
            }
        }
    }

    private func news(_ secret: Secret) -> ServingIdentityNews {
        do throws(ServingIdentityError) {
            return .identity(try read(secret))
        } catch {
            return .unusable(error, version: Self.version(secret.object))
        }
    }

    private func read(_ secret: Secret) throws(ServingIdentityError) -> StoredServingIdentity {
        guard let document = secret.data(Self.documentKey) else {
            guard secret.meta.labels[SecretSigningKeyStore.managerLabel] == "sts-gateway" else {
                throw .foreign(shown)
            }
            throw .malformed("\(shown) has no data key \(Self.documentKey)")
        }
        do throws(ServingIdentityError) {
            return StoredServingIdentity(
                identity: try ServingIdentityDocument.decode(document), version: Self.version(secret.object),
                request: secret.meta.annotations[Self.requestAnnotation])
        } catch {
            guard case .malformed(let why) = error else { throw error }
            throw .malformed("\(shown): \(why)")
        }
    }

    private func secret() async throws(ServingIdentityError) -> Secret? {
        do throws(KubernetesFailure) {
            return try await secrets.get(Self.name).map(Secret.init)
        } catch {
            throw .unavailable(error.description)
        }
    }

    private func writing(
        _ identity: ServingIdentity, _ write: () async throws(KubernetesFailure) -> KubernetesObject
    ) async throws(ServingIdentityError) -> StoredServingIdentity {
        do throws(KubernetesFailure) {
            let object = try await write()
            return StoredServingIdentity(
                identity: identity, version: Self.version(object),
                request: object.meta.annotations[Self.requestAnnotation])
        } catch {
            switch error.kind {
            case .conflict, .alreadyExists: throw .conflict
            // Deleted in between; of one to be made it means that there is no such namespace.
            case .notFound where error.verb == "update": throw .conflict
            default: throw .unavailable(error.description)
            }
        }
    }

    private var shown: String { SecretSigningKeyStore.shown(Self.name, secrets.namespace) }

    /// Another one where the Secret was deleted and made anew.
    private static func version(_ object: KubernetesObject) -> String {
        "\(object.meta.uid)/\(object.meta.resourceVersion)"
    }
}
