import CloudAPI
import FoundationEssentials
import GatewayPluginAPI
import JOSE
import JSON

/// What the steps share: the server with an administrator's token, and the names of what they provide.
struct VaultProvisioner: Sendable {
    let plan: VaultPublishPlan
    let server: VaultServer
    let issuer: any ProvisionedIssuer
    /// Of the configuration; the private host of endpoint and cluster where it has none.
    let host: String
    /// The `publish` block with all keys that the gateway needs.
    let publish: JSONValue
    let audiences: [String]
    let publisherSubject: String
    /// The roles of workloads.
    let workloads: [VaultRole]
    private let environment: @Sendable (String) -> String?

    /// The policy of the publisher role: of this mount alone.
    var policyName: String { Self.policyName(ofMount: plan.mount) }

    /// A name that no other mount's policy has. It has no slash, and Vault lowers capitals in names of policies, so the name
    /// of a mount with one of them ends with digits of its hash: `prod/a` and `prod-a` are not the same.
    static func policyName(ofMount mount: String) -> String {
        let slug = mount.lowercased().replacing("/", with: "-")
        let digits = slug == mount ? "" : "-" + ResourceName.suffix(cluster: "", endpoint: mount, owner: "")
        return "sts-gateway-publisher-\(slug)\(digits)"
    }

    /// The text of that policy.
    var policy: String {
        """
        path "auth/\(plan.mount)/config" {
          capabilities = ["create", "read", "update"]
        }

        """
    }
    /// The description of a mount that was provisioned; nil in a plan where the key ring does not exist yet.
    let mark: OwnerMark?

    /// The description of a mount as the server answers it.
    static func description(of mount: JSONValue) -> String? {
        mount["data"]?["description"]?.stringValue ?? mount["description"]?.stringValue
    }

    /// The role in which the gateway logs in; nil where it uses a token file.
    var role: String? { if case .role(let role) = plan.proof { role } else { nil } }

    /// - Throws: all settings that are missing or not valid.
    init(_ request: ProvisioningRequest, _ context: ProvisioningContext) throws(SettingsErrors) {
        let assumed = request.host ?? Issuer.privateHost(endpoint: request.name, cluster: request.cluster)
        guard let host = assumed, let issuer = Issuer(host: host, path: request.path, jwksPath: request.jwksPath)
        else {
            throw SettingsErrors([
                SettingsError(
                    "issuer.host",
                    "missing required key; use a name that no other cluster has, such as sts.\(request.cluster).internal"
                )
            ])
        }
        let settings: VaultProvider.PublisherSettings
        do {
            settings = try (request.publish ?? .object([])).decode(VaultProvider.PublisherSettings.self)
        } catch {
            throw SettingsErrors([
                SettingsError("publish.address", "missing required key; \(VaultNames.expectedAddress)")
            ])
        }
        plan = try VaultPublishPlan(
            settings,
            endpoint: Endpoint(
                name: request.name, cluster: request.cluster, issuer: issuer, audiences: request.audiences,
                algorithm: .rs256, rsaKeySize: 2_048, timeToLive: 900))
        server = VaultServer(
            address: plan.address, namespace: plan.namespace, authorityFile: plan.authorityFile,
            transport: context.transport, files: context.files)
        self.issuer = context.issuer
        self.host = host
        publish = request.publish ?? .object([])
        var publisher: String?
        if case .role(let role) = plan.proof { publisher = role }
        workloads = try VaultRole.roles(of: request, publisher: publisher)
        mark = request.owner.map { OwnerMark(cluster: request.cluster, endpoint: request.name, owner: $0) }
        audiences = request.audiences
        publisherSubject = request.publisherSubject
        environment = context.environment
    }

    /// Whose token it is.
    func identity() async throws(ProvisioningError) -> String {
        let data = try await call("GET", "auth/token/lookup-self")?["data"]
        return "\(plan.address), token of \(Quotation.of(data?["display_name"]?.stringValue ?? "unknown"))"
    }

    /// Sends a request with the administrator's token.
    ///
    /// - Parameter absent: statuses that mean that the resource does not exist.
    /// - Returns: nil where it does not exist.
    func call(
        _ method: String, _ path: String, _ body: JSONValue? = nil, absent: Set<Int> = []
    ) async throws(ProvisioningError) -> JSONValue? {
        let token = ["VAULT_TOKEN", "BAO_TOKEN"].lazy.compactMap(environment).first { !$0.isEmpty }
        guard let token else {
            throw ProvisioningError(.permanent, "VAULT_TOKEN is not set; set it to an administrator's token")
        }
        do {
            let answer = try await server.send(method, path, token: token, body: body, expected: absent)
            return absent.contains(answer.status) ? nil : answer.body
        } catch {
            let isTransient = [.unavailable, .throttled, .conflict].contains(error.kind)
            throw ProvisioningError(
                isTransient ? .transient : .permanent, error.message, retryAfter: error.retryAfter)
        }
    }
}
