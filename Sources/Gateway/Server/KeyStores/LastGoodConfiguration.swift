import FoundationEssentials
import GatewayCore
import Kubernetes
import KubernetesAPI

/// Keeps the last good configuration beside the keys, so that a restart with a bad file falls back to it: in the Secret
/// `sts-gateway-configuration`, or in the key directory.
struct LastGoodConfiguration: Sendable {
    private enum Place: Sendable {
        case directory(PrivateDirectory)
        case secrets(KubernetesCollection)
    }

    static let secretName = "sts-gateway-configuration"
    static let dataKey = "gateway.yaml"
    private static let fileName = "last-good-gateway.yaml"
    /// Bytes: a Secret's own limit.
    private static let maximumLength = 1 << 20

    private let place: Place

    init(directory: PrivateDirectory) { place = .directory(directory) }

    init(_ cluster: OpenedKeyStore.Cluster, pacing: Pacing) {
        place = .secrets(
            KubernetesCollection(
                client: cluster.client, resource: .secrets, namespace: cluster.namespace, pacing: pacing))
    }

    /// nil where none was kept.
    func load() async throws(KeyStoreError) -> String? {
        let data: Data?
        switch place {
        case .directory(let directory): data = try directory.read(Self.fileName)
        case .secrets(let secrets): data = try await secret(secrets)?.data(Self.dataKey)
        }
        return data.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Of several replicas that keep theirs at once, one's stays: they have read the same file.
    func keep(_ text: String) async throws(KeyStoreError) {
        let data = Data(text.utf8)
        guard data.count <= Self.maximumLength else {
            throw .unavailable("the configuration is longer than \(Self.maximumLength) bytes")
        }
        switch place {
        case .directory(let directory):
            if try directory.read(Self.fileName) != data { try directory.write(data, to: Self.fileName) }
        case .secrets(let secrets):
            let labels = [(SecretSigningKeyStore.managerLabel, "sts-gateway")]
            let present = try await secret(secrets)
            guard present?.data(Self.dataKey) != data else { return }
            do throws(KubernetesFailure) {
                if let present {
                    _ = try await secrets.update(
                        Self.secretName, present.setting(labels: labels, data: [(Self.dataKey, data)]))
                } else {
                    _ = try await secrets.create(
                        Secret.new(
                            name: Self.secretName, namespace: secrets.namespace ?? "", labels: labels,
                            data: [(Self.dataKey, data)]))
                }
            } catch {
                guard error.kind == .conflict || error.kind == .alreadyExists else { throw KeyStoreError(error) }
            }
        }
    }

    private func secret(_ secrets: KubernetesCollection) async throws(KeyStoreError) -> Secret? {
        do throws(KubernetesFailure) {
            return try await secrets.get(Self.secretName).map(Secret.init)
        } catch {
            throw KeyStoreError(error)
        }
    }
}
