import FoundationEssentials
import GatewayCore
import Kubernetes
import KubernetesAPI

/// Reads the Secrets of type kubernetes.io/tls that `issuer.keypair` of an endpoint names. It never writes them.
struct KeyPairSecretReader: KeyPairReading {
    private let secrets: KubernetesCollection

    /// - Parameter namespace: the gateway's namespace.
    init(client: KubernetesClient, namespace: String, scheduler: Scheduler) {
        secrets = KubernetesCollection(client: client, resource: .secrets, namespace: namespace, scheduler: scheduler)
    }

    /// Reads a key pair.
    ///
    /// - Returns: nil where there is no Secret of that name.
    /// - Throws: `rejected` where a data key is missing or not text. Whether the private key belongs to the certificate
    ///   is not checked.
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
                throw .rejected(
                    "\(shown) has no text in the data key \(key); create it with kubectl create secret tls")
            }
            return text
        }
        return KeyPairMaterial(uid: secret.meta.uid, certificatePEM: try text("tls.crt"), keyPEM: try text("tls.key"))
    }
}
