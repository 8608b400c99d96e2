import CloudAPI
import GatewayPluginAPI
import JOSE
import JSON

/// What the steps share: the client with an administrator's credentials, and the names of what they provide.
struct Provisioner: Sendable {
    /// How Google gets the keys.
    enum Serving: String, Sendable, CaseIterable {
        /// They are handed over to the provider.
        case keys
        /// It reads the documents of a bucket.
        case bucket
        /// It reads documents that somebody else serves.
        case external
    }

    let request: ProvisioningRequest
    let serving: Serving
    let provider: PoolProvider
    let client: GoogleClient
    let issuer: any ProvisionedIssuer
    let host: String
    /// The `publish` block with all keys that the gateway needs.
    let publish: JSONValue
    /// nil where documents are served by somebody else.
    let plan: PublishPlan?
    /// nil in a plan where the key ring does not exist yet.
    let ownership: Ownership?
    /// The project of service accounts and of the bucket.
    let project: String?
    /// The location of the bucket; nil for that of Cloud Storage's default.
    let region: String?
    private let administrator: AdministratorCredentials

    var bucket: String { publish["bucket"]?.stringValue ?? "${bucket.name}" }
    var issuerURL: String { "https://\(host)\(request.path)" }
    var identity: String { "project \(provider.projectNumber), credentials of \(administrator.origin)" }

    /// - Throws: all settings that are missing or not valid.
    init(_ request: ProvisioningRequest, _ context: ProvisioningContext) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        guard let settings = try? (request.settings ?? .object([])).decode(GCPProvider.Settings.self),
            let provider = PoolProvider(settings, errors: &errors)
        else {
            throw SettingsErrors(
                errors.isEmpty
                    ? [SettingsError("settings.pool", "missing required keys; set projectNumber, pool and provider")]
                    : errors)
        }
        self.provider = provider
        self.request = request
        ownership = request.owner.map { Ownership(cluster: request.cluster, endpoint: request.name, owner: $0) }
        let words = Serving.allCases.map(\.rawValue).joined(separator: ", ")
        let isBucket = request.publish?["bucket"] != nil
        guard let serving = request.serving.map(Serving.init(rawValue:)) ?? (isBucket ? .bucket : .keys) else {
            throw SettingsErrors([
                SettingsError(
                    "provision.serving",
                    "invalid value \(Quotation.of(request.serving ?? "")); expected one of \(words)")
            ])
        }
        if serving == .keys, isBucket {
            errors.append(
                SettingsError("provision.serving", "keys excludes publish.bucket; remove one of them"))
        }
        self.serving = serving
        project = settings.project
        region = settings.region ?? context.environment("CLOUDSDK_COMPUTE_REGION").flatMap { $0.isEmpty ? nil : $0 }
        let bucket = request.publish?["bucket"]?.stringValue ?? ownership?.bucket
        host = Self.host(request, serving, bucket: bucket, &errors)
        publish = Self.publish(request, provider, settings, serving, bucket: bucket, context.environment)
        plan = try Self.plan(request, serving, host: host, publish, errors)
        issuer = context.issuer
        administrator = AdministratorCredentials(
            administration: context.administration, environment: context.environment)
        client = Self.client(plan, settings, context, administrator)
    }

    /// Maps the error of a call.
    func run<Value: Sendable>(
        _ call: () async throws(PublishError) -> Value
    ) async throws(ProvisioningError) -> Value {
        do {
            return try await call()
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// Reads a resource of the IAM API; nil where it does not exist.
    func read(_ name: String) async throws(ProvisioningError) -> JSONValue? {
        try await run { () throws(PublishError) in
            let answer = try await client.iam("GET", name, expected: [404])
            return answer.status == 404 ? nil : answer.json
        }
    }

    /// A request to the IAM API that begins an operation.
    func operation(
        _ title: String, _ differences: [String] = [], _ method: String, _ path: String, _ body: JSONValue? = nil
    ) -> ProvisioningChange {
        ProvisioningChange(
            title, differences: differences,
            request: "\(method) \(client.services.iam)/v1/\(path)" + (body.map { "\n\($0.text)" } ?? "")
        ) { () throws(ProvisioningError) in
            try await run { () throws(PublishError) in try await client.operate(method, path, body) }
        }
    }

    /// - Throws: where somebody else owns the resource.
    func rejectForeign(_ owner: Ownership.Owner?, _ resource: String) throws(ProvisioningError) {
        guard case .foreign(let owner) = owner else { return }
        throw ProvisioningError(
            .permanent,
            "\(resource) belongs to another installation (\(Quotation.of(owner, limit: 200))); use another name, or "
                + "remove the mark if it is not in use any more")
    }
}

extension Provisioner {
    private static func host(
        _ request: ProvisioningRequest, _ serving: Serving, bucket: String?, _ errors: inout [SettingsError]
    ) -> String {
        if let host = request.host { return host }
        if serving == .bucket { return (bucket ?? "${bucket.name}") + "." + BucketLocation.host }
        if serving == .keys, let host = Issuer.privateHost(endpoint: request.name, cluster: request.cluster) {
            return host
        }
        errors.append(
            SettingsError("issuer.host", "missing required key; set the host that serves the documents"))
        return ""
    }

    /// The `publish` block: the configured keys, and those that provisioning has determined.
    private static func publish(
        _ request: ProvisioningRequest, _ provider: PoolProvider, _ settings: GCPProvider.Settings, _ serving: Serving,
        bucket: String?, _ environment: (String) -> String?
    ) -> JSONValue {
        var publish = request.publish ?? .object([])
        guard serving != .external else { return publish }
        func set(_ name: String, _ value: String?) {
            if let value, publish[name] == nil { publish = publish.setting(.string(value), at: name) }
        }
        if serving == .bucket { set("bucket", bucket) }
        set("projectNumber", provider.projectNumber)
        set("pool", provider.pool)
        set("provider", provider.provider)
        set("region", settings.region)
        set("universe", settings.universe)
        for (name, url) in overrides(settings, environment) where publish["endpoints"]?[name] == nil {
            publish = publish.setting(.string(url), at: "endpoints", name)
        }
        return publish
    }

    /// URLs in place of the public ones, also those of gcloud's variables.
    private static func overrides(
        _ settings: GCPProvider.Settings, _ environment: (String) -> String?
    ) -> [(name: String, url: String)] {
        func variable(_ name: String) -> String? {
            environment("CLOUDSDK_API_ENDPOINT_OVERRIDES_\(name)").flatMap { url in
                url.isEmpty ? nil : url.hasSuffix("/") ? String(url.dropLast()) : url
            }
        }
        return [
            ("sts", settings.endpoints?.sts), ("iamCredentials", settings.endpoints?.iamCredentials),
            ("iam", variable("IAM")), ("storage", variable("STORAGE")),
        ].compactMap { name, url in url.map { (name, $0) } }
    }

    private static func plan(
        _ request: ProvisioningRequest, _ serving: Serving, host: String, _ publish: JSONValue,
        _ errors: [SettingsError]
    ) throws(SettingsErrors) -> PublishPlan? {
        try SettingsErrors.check(errors)
        // A bucket whose name is not known yet has a plan with a placeholder.
        let isNamed = serving != .bucket || publish["bucket"] != nil
        guard serving != .external else { return nil }
        let settings: GCPProvider.PublisherSettings
        do {
            settings = try (isNamed ? publish : publish.setting("name-follows", at: "bucket"))
                .decode(GCPProvider.PublisherSettings.self)
        } catch {
            throw SettingsErrors([SettingsError("publish", "invalid value; compare its keys with the plugin's page")])
        }
        guard
            let issuer = Issuer(
                host: isNamed ? host : "name-follows.\(BucketLocation.host)", path: request.path,
                jwksPath: request.jwksPath)
        else {
            throw SettingsErrors([SettingsError("issuer.host", "invalid host \(Quotation.of(host))")])
        }
        return try PublishPlan(
            settings,
            endpoint: Endpoint(
                name: request.name, cluster: request.cluster, issuer: issuer, audiences: request.audiences,
                algorithm: .rs256, rsaKeySize: 2_048, timeToLive: 900))
    }

    private static func client(
        _ plan: PublishPlan?, _ settings: GCPProvider.Settings, _ context: ProvisioningContext,
        _ administrator: AdministratorCredentials
    ) -> GoogleClient {
        var ignored: [SettingsError] = []
        let overrides = Dictionary(
            overrides(settings, context.environment).map { ($0.name, Optional($0.url)) }, uniquingKeysWith: { $1 })
        let services =
            plan?.services
            ?? GoogleServices(
                universe: settings.universe, region: settings.region, overrides: overrides, block: "settings",
                errors: &ignored)
        return GoogleClient(
            service: JSONService(
                transport: context.transport,
                authorities: JSONService.authorities(file: plan?.authorityFile, context.files)),
            services: services,
            tokens: AccessTokenCache(sources: [administrator], now: context.now, logger: context.logger),
            operations: LongRunningOperation(sleep: context.sleep))
    }
}
