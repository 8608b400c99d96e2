import FoundationEssentials

/// Reads the current context of a kubeconfig ("Organizing Cluster Access Using kubeconfig Files" and the
/// reference page "kubeconfig (v1)").
///
/// What would make the gateway somebody else than it seems, or trust a server that nobody vouched for, is refused by
/// name; what only kubectl needs (namespaces, preferences, extensions) is passed over.
package enum Kubeconfig {
    /// - Parameters:
    ///   - document: the file's YAML.
    ///   - folder: the file's own folder, to which its relative paths are relative.
    /// - Throws: every problem, each with its key path.
    package static func access(
        _ document: ConfigurationNode, folder: String
    ) throws(KubernetesConnectionError) -> ClusterAccess {
        var reader = KubeconfigReader(folder: folder)
        let access = reader.read(KubeconfigReader.Block(document, at: ""))
        guard let access, reader.problems.isEmpty else { throw KubernetesConnectionError(problems: reader.problems) }
        return access
    }
}

/// One reading of a kubeconfig, with what it found wrong.
struct KubeconfigReader {
    let folder: String
    private(set) var problems: [String] = []

    init(folder: String) { self.folder = folder }

    mutating func problem(_ keyPath: String, _ message: String) {
        problems.append(keyPath.isEmpty ? message : "\(keyPath): \(message)")
    }

    mutating func read(_ root: Block) -> ClusterAccess? {
        guard root.isMapping else {
            problem("", "not a mapping; write a kubeconfig, as kubectl config view prints one")
            return nil
        }
        guard let name = text(root, "current-context") else {
            problem("current-context", "missing; name one of the contexts (kubectl config use-context NAME)")
            return nil
        }
        guard let context = named(name, in: "contexts", "context", of: root, askedAt: "current-context") else {
            return nil
        }
        let clusterName = text(context, "cluster")
        let userName = text(context, "user")
        if clusterName == nil { problem(context.below("cluster"), "missing; name one of the clusters") }
        if userName == nil { problem(context.below("user"), "missing; name one of the users") }
        let cluster = clusterName.flatMap {
            named($0, in: "clusters", "cluster", of: root, askedAt: context.below("cluster"))
        }
        let user = userName.flatMap { named($0, in: "users", "user", of: root, askedAt: context.below("user")) }
        guard let cluster, let user else { return nil }
        return access(cluster: cluster, user: user)
    }

    private mutating func access(cluster: Block, user: Block) -> ClusterAccess? {
        refuse(cluster, Self.refusedOfClusters)
        refuse(user, Self.refusedOfUsers)
        if let flag = cluster["insecure-skip-tls-verify"], flag.node.boolean != false, !flag.node.isNull {
            problem(
                flag.keyPath,
                "the server's certificate is always verified; remove this and put its authority in "
                    + "certificate-authority-data")
        }
        var server: KubernetesServer?
        if let url = text(cluster, "server") {
            server = KubernetesServer(url: url)
            if server == nil {
                problem(
                    cluster.below("server"),
                    "not an https URL of a host, and maybe a port and a path; write one, such as https://192.0.2.1:6443"
                )
            }
        } else {
            problem(cluster.below("server"), "missing; write the API server's https URL")
        }
        let serverName = text(cluster, "tls-server-name")
        if let serverName, !KubernetesName.isSubdomain(serverName.lowercased()) || Self.isAddress(serverName) {
            problem(
                cluster.below("tls-server-name"),
                "\"\(serverName)\" is not a DNS name; write one that the certificate has")
        }
        let authority = material(cluster, "certificate-authority")
        let identity = identity(user)
        guard let server else { return nil }
        return ClusterAccess(
            server: server, serverName: serverName, authority: authority, token: identity.token,
            clientCertificate: identity.certificate)
    }

    private mutating func identity(
        _ user: Block
    ) -> (token: ClusterAccess.Material?, certificate: ClusterAccess.ClientCertificate?) {
        // As kubectl does it: a file is preferred, since it can be renewed.
        let token =
            text(user, "tokenFile").map { .file(path($0)) }
            ?? text(user, "token").map { ClusterAccess.Material.bytes(Array($0.utf8)) }
        let chain = material(user, "client-certificate")
        let key = material(user, "client-key")
        if (chain == nil) != (key == nil) {
            let missing = chain == nil ? "client-certificate-data" : "client-key-data"
            problem(user.below(missing), "missing; a client certificate and its key go together")
        }
        let isRefused = Self.refusedOfUsers.contains { user[$0.key] != nil }
        if token == nil && chain == nil && key == nil && !isRefused {
            problem(user.keyPath, "no credential; write token, tokenFile, or client-certificate and client-key")
        }
        return (token, chain.flatMap { chain in key.map { .init(chain: chain, key: $0) } })
    }

    /// `<key>-data` in base64, else the file that `key` names.
    private mutating func material(_ block: Block, _ key: String) -> ClusterAccess.Material? {
        guard let data = text(block, "\(key)-data") else { return text(block, key).map { .file(path($0)) } }
        guard let bytes = Data(base64Encoded: data), !bytes.isEmpty else {
            problem(block.below("\(key)-data"), "not base64; write the PEM text in base64 on one line")
            return nil
        }
        return .bytes(Array(bytes))
    }

    private mutating func refuse(_ block: Block, _ refused: [(key: String, instead: String)]) {
        for (key, instead) in refused {
            if let value = block[key], !value.node.isNull { problem(value.keyPath, "not supported; \(instead)") }
        }
    }

    private func path(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }

    private static func isAddress(_ name: String) -> Bool {
        name.split(separator: ".").last.map { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } } ?? false
    }

    private static let refusedOfClusters = [
        (
            key: "proxy-url",
            instead: "the API server is reached without a proxy; remove this and make the server reachable"
        )
    ]

    private static let refusedOfUsers = [
        (
            key: "exec",
            instead:
                "no program is run for a credential; keep a renewed token in a file and name it in tokenFile"
        ),
        (
            key: "auth-provider",
            instead:
                "legacy auth providers are gone from Kubernetes too; use a token, tokenFile or a client certificate"
        ),
        (key: "username", instead: "basic authentication is gone from Kubernetes; use a token or a client certificate"),
        (key: "password", instead: "basic authentication is gone from Kubernetes; use a token or a client certificate"),
        (key: "as", instead: "the gateway acts as nobody but itself; give it a user of its own"),
        (key: "as-uid", instead: "the gateway acts as nobody but itself; give it a user of its own"),
        (key: "as-groups", instead: "the gateway acts as nobody but itself; give it a user of its own"),
        (key: "as-user-extra", instead: "the gateway acts as nobody but itself; give it a user of its own"),
    ]
}
