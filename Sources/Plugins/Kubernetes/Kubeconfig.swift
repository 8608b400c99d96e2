import FoundationEssentials
import JSON

/// A kubeconfig with one cluster, user and context of the same name. It is JSON, which is YAML too.
struct Kubeconfig {
    let name: String
    let server: String
    /// PEM.
    let certificateAuthority: String?
    let namespace: String?
    let tokenFile: String
    /// Whether a program returns the token, in place of `tokenFile`.
    let isExecuted: Bool

    var json: JSONValue {
        var cluster: [JSONValue.Member] = [.init("server", .string(server))]
        if let certificateAuthority {
            cluster.append(
                .init("certificate-authority-data", .string(Data(certificateAuthority.utf8).base64EncodedString())))
        }
        var context: [JSONValue.Member] = [.init("cluster", .string(name)), .init("user", .string(name))]
        if let namespace { context.append(.init("namespace", .string(namespace))) }
        return [
            "apiVersion": "v1", "kind": "Config", "current-context": .string(name),
            "clusters": [["name": .string(name), "cluster": .object(cluster)]],
            "users": [["name": .string(name), "user": isExecuted ? execution : ["tokenFile": .string(tokenFile)]]],
            "contexts": [["name": .string(name), "context": .object(context)]],
        ]
    }

    /// An exec credential plugin (`client.authentication.k8s.io/v1`) of `sh`, `cat` and `date`. The client runs it again
    /// when the time that it returns is over: a minute, as with `tokenFile`.
    private var execution: JSONValue {
        [
            "exec": [
                "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", "command": "sh",
                "args": ["-c", .string(Self.script)],
                "env": [["name": "STS_TOKEN_FILE", "value": .string(tokenFile)]],
            ]
        ]
    }

    private static let script = [
        #"end=$(date -u -d "@$(($(date +%s) + 60))" +%Y-%m-%dT%H:%M:%SZ) && token=$(cat "$STS_TOKEN_FILE") &&"#,
        #"printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":"#
            + #"{"token":"%s","expirationTimestamp":"%s"}}' "$token" "$end""#,
    ].joined(separator: " ")
}
