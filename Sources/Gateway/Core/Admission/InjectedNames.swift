/// The names and paths that injection takes for itself within a Pod.
enum InjectedNames {
    /// The container that keeps the tokens.
    static let sidecar = "sts-sidecar"
    /// The init container that fetches them first, beside a classic sidecar.
    static let firstFetch = "sts-sidecar-init"
    /// The volume of issued tokens; OpenUnison's Pods that bring their own call it so too.
    static let tokenVolume = "sts-tokens"
    /// The volume of the ServiceAccount token that the sidecar alone has.
    static let subjectTokenVolume = "sts-subject-token"

    static let tokenFolder = "/var/run/secrets/sts"
    static let subjectTokenFolder = "/var/run/secrets/sts-gateway/serviceaccount"
    /// Where the sidecar's image has its program.
    static let program = "/sts-sidecar"

    static func tokenFile(_ endpoint: String) -> String { "\(tokenFolder)/\(endpoint)/token" }
}
