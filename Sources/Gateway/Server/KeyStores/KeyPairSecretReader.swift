import FoundationEssentials
import GatewayCore
import Kubernetes
import KubernetesAPI

/// Reads the Secrets of type kubernetes.io/tls that an endpoint's `issuer.keypair` names. It never writes them.
struct KeyPairSecretReader: KeyPairReading {
    private let secrets: KubernetesCollection

    /// - Parameter namespace: the gateway's own.
    init(client: KubernetesClient, namespace: String, scheduler: Scheduler) {
        secrets = KubernetesCollection(client: client, resource: .secrets, namespace: namespace, scheduler: scheduler)
    }

    /// nil where there is no Secret of that name.
    ///
    /// - Throws: `refused` where it is not a certificate and a key, as text; whether they fit is not looked at.
    func read(_ name: String) async throws(StoreError) -> KeyPairMaterial? {
        let object: KubernetesObject?
        do {
            object = try await secrets.get(name)
        } catch {
            throw StoreError(error)
        }
        guard let secret = object.map(Secret.init) else { return nil }
        let shown = "Secret \(secrets.namespace ?? "")/\(name)"
        func text(_ key: String) throws(StoreError) -> String {
            guard let data = secret.data(key), !data.isEmpty, let text = String(validating: data, as: UTF8.self) else {
                throw .refused(
                    "\(shown) has no text below the data key \(key); make it with kubectl create secret tls")
            }
            return text
        }
        return KeyPairMaterial(uid: secret.meta.uid, certificatePEM: try text("tls.crt"), keyPEM: try text("tls.key"))
    }
}
