import GatewayPluginAPI
import JOSE
import JSON

/// Creates a plugin for typical endpoints.
struct ConformanceExample<Plugin: ProviderPlugin> {
    let annotation: String
    /// JSON text.
    let settings: String
    /// nil for the plugin's own.
    let audience: String?

    struct NoIssuer: Error {}

    func endpoint(
        name: String = "one", algorithm: SignatureAlgorithm? = Plugin.defaults.algorithms.first
    ) throws -> Endpoint {
        var audiences = try audience.map { [$0] } ?? Plugin.audiences(for: decodedSettings())
        if audiences.isEmpty { audiences = ["https://relying-party.example.com"] }
        let endpoint = Endpoint.example(
            name: name, host: "\(name).issuer.example.com", path: "/\(name)", audiences: audiences,
            algorithm: algorithm ?? .rs256, timeToLive: Plugin.defaults.timeToLive)
        guard let endpoint else { throw NoIssuer() }
        return endpoint
    }

    func make(
        name: String = "one", algorithm: SignatureAlgorithm? = Plugin.defaults.algorithms.first
    ) throws -> Plugin {
        try Plugin(
            endpoint: try endpoint(name: name, algorithm: algorithm),
            settings: try decodedSettings(), context: .silent)
    }

    private func decodedSettings() throws -> Plugin.Settings {
        try JSONValue(parsing: Array(settings.utf8)).decode(Plugin.Settings.self)
    }
}

/// The workloads and annotations of the checks.
enum ConformanceInput {
    static let bound = WorkloadIdentity.example()

    /// Not bound to a Pod, with names of maximum length.
    static let unbound = WorkloadIdentity(
        cluster: String(repeating: "c", count: 63), namespace: String(repeating: "n", count: 63),
        serviceAccount: .init(name: String(repeating: "s.", count: 126) + "s", uid: nil), pod: nil, node: nil,
        groups: [], credentialID: nil)

    static let workloads = [bound, unbound]

    static func request(
        _ annotation: String?, options: [String: String] = [:], for workload: WorkloadIdentity = bound
    ) -> InjectionRequest {
        InjectionRequest(
            annotation: annotation, options: options, namespace: workload.namespace,
            serviceAccountName: workload.serviceAccount.name, tokenFile: "/var/run/secrets/sts/one/token")
    }

    /// What an author can write into an annotation: the API server accepts any UTF-8 up to 256 KiB.
    static func hostileAnnotations(near valid: String) -> [String] {
        let invalid = [
            "", " ", "\n", "\r\n", "\t", "\0", "a\0b", "two\nlines", "$(HOME)", "$$(HOME)", "${HOME}", "`id`",
            "\u{1B}[31mred", "\u{7F}", "\u{85}", "\u{202E}txet", "\u{2066}isolated", "\u{2028}", "\u{2029}", "\u{FEFF}",
            "e\u{301}", "\u{1F600}", "\u{10FFFF}", "::::::", "/////", "..", "{\"a\":1}", "%00", "\\u0000", "\"",
            String(repeating: "a", count: 100 * 1024), String(repeating: "\u{202E}", count: 50 * 1024),
            String(repeating: ":", count: 100 * 1024), String(repeating: "/", count: 100 * 1024),
        ]
        let nearlyValid = ["\n", "\0", "\u{202E}", " ", "$(HOME)", "\u{301}", "\u{2028}"]
            .flatMap { [valid + $0, $0 + valid] }
        return invalid + nearlyValid + [String(repeating: valid, count: 1 + 100 * 1024 / max(valid.utf8.count, 1))]
    }
}
