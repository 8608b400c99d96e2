import FoundationEssentials
import GatewayPluginAPI
import JOSE

/// Makes a plugin for endpoints such as people configure.
struct ConformanceExample<Plugin: ProviderPlugin> {
    let annotation: String
    /// JSON text.
    let settings: String

    struct NoIssuer: Error {}

    func make(
        name: String = "one", algorithm: SignatureAlgorithm? = Plugin.defaults.algorithms.first
    ) throws -> Plugin {
        let audiences = Plugin.defaults.audiences
        let endpoint = Endpoint.example(
            name: name, host: "\(name).issuer.example.com", path: "/\(name)",
            audiences: audiences.isEmpty ? ["https://relying-party.example.com"] : audiences,
            algorithm: algorithm ?? .rs256)
        guard let endpoint else { throw NoIssuer() }
        return try Plugin(
            endpoint: endpoint,
            settings: try JSONDecoder().decode(Plugin.Settings.self, from: Data(settings.utf8)),
            context: .silent)
    }
}

/// Workloads and annotations that every plugin meets sooner or later.
enum ConformanceInput {
    static let bound = WorkloadIdentity(
        cluster: "test", namespace: "default", serviceAccount: .init(name: "web", uid: "uid-of-web"),
        pod: .init(name: "web-0", uid: "uid-of-web-0"), node: .init(name: "node-1", uid: "uid-of-node-1"),
        groups: ["system:serviceaccounts", "system:serviceaccounts:default"], credentialID: "JTI=5b7ad8a0")

    /// Bound to no Pod, and of the longest names.
    static let unbound = WorkloadIdentity(
        cluster: String(repeating: "c", count: 63), namespace: String(repeating: "n", count: 63),
        serviceAccount: .init(name: String(repeating: "s.", count: 126) + "s", uid: nil), pod: nil, node: nil,
        groups: [], credentialID: nil)

    static let workloads = [bound, unbound]

    static func request(_ annotation: String, for workload: WorkloadIdentity = bound) -> InjectionRequest {
        InjectionRequest(
            annotation: annotation, namespace: workload.namespace, serviceAccountName: workload.serviceAccount.name)
    }

    /// What an author can write into an annotation: the API server takes any UTF-8 up to 256 KiB.
    static func hostileAnnotations(beside good: String) -> [String] {
        let outright = [
            "", " ", "\n", "\r\n", "\t", "\0", "a\0b", "two\nlines", "$(HOME)", "$$(HOME)", "${HOME}", "`id`",
            "\u{1B}[31mred", "\u{7F}", "\u{85}", "\u{202E}txet", "\u{2066}isolated", "\u{2028}", "\u{2029}", "\u{FEFF}",
            "e\u{301}", "\u{1F600}", "\u{10FFFF}", "::::::", "/////", "..", "{\"a\":1}", "%00", "\\u0000", "\"",
            String(repeating: "a", count: 100 * 1024), String(repeating: "\u{202E}", count: 50 * 1024),
            String(repeating: ":", count: 100 * 1024), String(repeating: "/", count: 100 * 1024),
        ]
        let nearlyGood = ["\n", "\0", "\u{202E}", " ", "$(HOME)", "\u{301}", "\u{2028}"]
            .flatMap { [good + $0, $0 + good] }
        return outright + nearlyGood + [String(repeating: good, count: 1 + 100 * 1024 / max(good.utf8.count, 1))]
    }
}
