import FoundationEssentials
import Synchronization

/// The token of the client and its files: a kubeconfig, and a folder like
/// `/var/run/secrets/kubernetes.io/serviceaccount`.
final class ClientCredentials: Sendable {
    let folder: URL
    let authorityPEM: String
    private let state: Mutex<(token: String, accepted: Set<String>, port: Int)>

    init(folder: URL, authorityPEM: String, token: String) {
        self.folder = folder
        self.authorityPEM = authorityPEM
        state = Mutex((token, [token], 0))
    }

    var token: String { state.withLock { $0.token } }
    var port: Int { state.withLock { $0.port } }
    var kubeconfig: URL { folder.appending(path: "kubeconfig") }
    var serviceAccountFolder: URL { folder.appending(path: "serviceaccount") }

    func accepts(_ token: String) -> Bool { state.withLock { $0.accepted.contains(token) } }

    /// Replaces the token in the files.
    ///
    /// - Parameter keepsFormer: whether former tokens are still accepted, as they are until they expire.
    func replace(with token: String, keepsFormer: Bool) throws {
        state.withLock { state in
            state.token = token
            if !keepsFormer { state.accepted = [] }
            state.accepted.insert(token)
        }
        try write()
    }

    /// Rejects the tokens so far with 401; the files still have the last one.
    func expire() { state.withLock { $0.accepted = [] } }

    func write(port: Int) throws {
        state.withLock { $0.port = port }
        try write()
    }

    private func write() throws {
        let files = FileManager.default
        try files.createDirectory(at: serviceAccountFolder, withIntermediateDirectories: true)
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: serviceAccountFolder.appending(path: name), options: .atomic)
        }
        try write(authorityPEM, "ca.crt")
        try write(token, "token")
        try write(FakeKubernetesAPI.clientNamespace, "namespace")
        try Data(kubeconfigText.utf8).write(to: kubeconfig, options: .atomic)
    }

    func removeFiles() { try? FileManager.default.removeItem(at: folder) }

    private var kubeconfigText: String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - name: fake-api
          cluster:
            server: https://127.0.0.1:\(port)
            certificate-authority-data: \(Data(authorityPEM.utf8).base64EncodedString())
        users:
        - name: gateway
          user:
            token: \(token)
        contexts:
        - name: fake-api
          context:
            cluster: fake-api
            user: gateway
            namespace: \(FakeKubernetesAPI.clientNamespace)
        current-context: fake-api

        """
    }
}
