import FoundationEssentials
public import JSON
import KubernetesAPI

/// Reads the current context of a kubeconfig ("Organizing Cluster Access Using kubeconfig Files" and the
/// reference page "kubeconfig (v1)").
///
/// Settings that change the user (impersonation) or disable the verification of the server's certificate are rejected,
/// and so are those that run a program, unless the caller allows it; those that only kubectl uses (namespaces,
/// preferences) are ignored.
public enum Kubeconfig {
    /// Returns the access of the current context.
    ///
    /// - Parameters:
    ///   - document: the parsed file. Scalars of any type may be strings, as in YAML's failsafe schema.
    ///   - folder: the file's folder, which its relative paths are relative to.
    ///   - context: replaces `current-context`; nil for the latter.
    ///   - allowsPlugin: whether the user may have a credential plugin (``ClusterAccess/plugin``), which the caller runs.
    /// - Throws: all problems, each with its key path.
    public static func access(
        _ document: JSONValue, folder: String, context: String? = nil, allowsPlugin: Bool = false
    ) throws(KubernetesConnectionError) -> ClusterAccess {
        var reader = KubeconfigReader(folder: folder, context: context, allowsPlugin: allowsPlugin)
        let access = reader.read(KubeconfigReader.Block(document, at: ""))
        guard let access, reader.problems.isEmpty else { throw KubernetesConnectionError(problems: reader.problems) }
        return access
    }
}

/// Reads one kubeconfig and collects its problems.
struct KubeconfigReader {
    let folder: String
    let context: String?
    let allowsPlugin: Bool
    private(set) var problems: [String] = []

    init(folder: String, context: String? = nil, allowsPlugin: Bool = false) {
        self.folder = folder
        self.context = context
        self.allowsPlugin = allowsPlugin
    }

    mutating func problem(_ keyPath: String, _ message: String) {
        problems.append(keyPath.isEmpty ? message : "\(keyPath): \(message)")
    }

    mutating func read(_ root: Block) -> ClusterAccess? {
        guard root.isMapping else {
            problem("", "not a mapping; expected a kubeconfig, as kubectl config view prints one")
            return nil
        }
        guard let name = context ?? text(root, "current-context") else {
            problem(
                "current-context",
                "missing required key; name one of the contexts (kubectl config use-context NAME)")
            return nil
        }
        guard let context = named(name, in: "contexts", "context", of: root, askedAt: "current-context") else {
            return nil
        }
        let clusterName = text(context, "cluster")
        let userName = text(context, "user")
        if clusterName == nil { problem(context.below("cluster"), "missing required key; name one of the clusters") }
        if userName == nil { problem(context.below("user"), "missing required key; name one of the users") }
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
        if let flag = cluster["insecure-skip-tls-verify"], !flag.isNull, !flag.isFalse {
            problem(
                flag.keyPath,
                "not supported; the server's certificate is always verified: remove this and put its authority in "
                    + "certificate-authority-data")
        }
        var server: KubernetesServer?
        if let url = text(cluster, "server") {
            server = KubernetesServer(url: url)
            if server == nil {
                problem(
                    cluster.below("server"),
                    "invalid URL; expected https with a host, optionally a port and a path, such as "
                        + "https://192.0.2.1:6443"
                )
            }
        } else {
            problem(cluster.below("server"), "missing required key; write the API server's https URL")
        }
        let serverName = text(cluster, "tls-server-name")
        if let serverName, !KubernetesName.isSubdomain(serverName.lowercased()) || Self.isAddress(serverName) {
            problem(
                cluster.below("tls-server-name"),
                "invalid DNS name \"\(serverName)\"; expected a name of the certificate")
        }
        let authority = material(cluster, "certificate-authority")
        let identity = identity(user)
        guard let server else { return nil }
        var access = ClusterAccess(
            server: server, serverName: serverName, authority: authority, token: identity.token,
            clientCertificate: identity.certificate)
        // As in kubectl, a token precedes the program.
        if allowsPlugin, access.token == nil, let exec = user["exec"], !exec.isNull {
            access.plugin = plugin(exec, cluster: cluster, access: access)
        }
        return access
    }

    private mutating func identity(
        _ user: Block
    ) -> (token: ClusterAccess.Material?, certificate: ClusterAccess.ClientCertificate?) {
        // As in kubectl, a file is preferred, because it can be renewed.
        let token =
            text(user, "tokenFile").map { .file(path($0)) }
            ?? text(user, "token").map { ClusterAccess.Material.bytes(Array($0.utf8)) }
        let chain = material(user, "client-certificate")
        let key = material(user, "client-key")
        if (chain == nil) != (key == nil) {
            let missing = chain == nil ? "client-certificate-data" : "client-key-data"
            problem(user.below(missing), "missing required key; a client certificate needs its key")
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
            problem(block.below("\(key)-data"), "invalid base64; expected the PEM text in base64 on one line")
            return nil
        }
        return .bytes(Array(bytes))
    }

    private mutating func refuse(_ block: Block, _ refused: [(key: String, instead: String)]) {
        for (key, instead) in refused where !(allowsPlugin && key == "exec") {
            if let value = block[key], !value.isNull { problem(value.keyPath, "not supported; \(instead)") }
        }
    }

    func path(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }

    private static func isAddress(_ name: String) -> Bool {
        name.split(separator: ".").last.map { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } } ?? false
    }

    private static let refusedOfClusters = [
        (
            key: "proxy-url",
            instead: "remove this and make the API server reachable without a proxy"
        )
    ]

    private static let refusedOfUsers = [
        (
            key: "exec",
            instead:
                "credential plugins are not run; write a renewed token to a file and name it in tokenFile"
        ),
        (
            key: "auth-provider",
            instead:
                "Kubernetes removed auth providers; use token, tokenFile or a client certificate"
        ),
        (key: "username", instead: "Kubernetes removed basic authentication; use token or a client certificate"),
        (key: "password", instead: "Kubernetes removed basic authentication; use token or a client certificate"),
        (key: "as", instead: "impersonation would change the user; remove this and name another user"),
        (key: "as-uid", instead: "impersonation would change the user; remove this and name another user"),
        (key: "as-groups", instead: "impersonation would change the user; remove this and name another user"),
        (key: "as-user-extra", instead: "impersonation would change the user; remove this and name another user"),
    ]
}
