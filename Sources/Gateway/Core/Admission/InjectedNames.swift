/// The names and paths in a Pod that are reserved for injection.
enum InjectedNames {
    /// The container that refreshes the tokens.
    static let sidecar = "sts-sidecar"
    /// The init container that fetches the first tokens, with a classic sidecar.
    static let firstFetch = "sts-sidecar-init"
    /// Both names.
    static let containers: Set<String> = [sidecar, firstFetch]
    /// The volume of issued tokens; the same name as in OpenUnison-compatible Pods with a volume of their own.
    static let tokenVolume = "sts-tokens"
    /// The volume of the sidecar's ServiceAccount token.
    static let subjectTokenVolume = "sts-subject-token"

    static let tokenFolder = "/var/run/secrets/sts"
    static let subjectTokenFolder = "/var/run/secrets/sts-gateway/serviceaccount"
    /// The program in the sidecar's image.
    static let program = "/sts-sidecar"

    static func tokenFile(_ endpoint: String) -> String { file("token", of: endpoint) }

    /// The path of a file beside the token file.
    static func file(_ name: String, of endpoint: String) -> String { "\(tokenFolder)/\(endpoint)/\(name)" }
}
