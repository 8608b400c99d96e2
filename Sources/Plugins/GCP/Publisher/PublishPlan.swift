import CloudAPI
import GatewayPluginAPI
import JOSE

/// A validated `publish` block.
struct PublishPlan: Sendable {
    /// How the relying party gets the keys.
    enum Target: Sendable {
        /// They are stored in the provider.
        case provider(PoolProvider)
        /// It reads the documents of a bucket.
        case bucket(BucketLocation)
    }

    let endpoint: String
    let issuer: String
    let target: Target
    /// Where the gateway exchanges its own token; nil where it has none.
    let pool: PoolProvider?
    let services: GoogleServices
    let sources: [CredentialSource]
    let serviceAccount: String?
    let credentialsFile: String?
    let authorityFile: String?

    /// Differs for any two providers, and for any two places in buckets.
    var location: String {
        switch target {
        case .provider(let provider): "\(services.iam)/v1/\(provider.name)"
        case .bucket(let location): location.description
        }
    }

    init(_ settings: GCPProvider.PublisherSettings, endpoint: Endpoint) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        let audience = endpoint.audiences.lazy.compactMap(PoolProvider.init(audience:)).first
        let isNamed = [settings.projectNumber, settings.pool, settings.provider].contains { $0 != nil }
        var pool: PoolProvider?
        var given: [String: String] = [:]
        for (key, value, known) in [
            ("projectNumber", settings.projectNumber, audience?.projectNumber), ("pool", settings.pool, audience?.pool),
            ("provider", settings.provider, audience?.provider),
        ] {
            given[key] = value ?? known
            guard given[key] == nil, isNamed || settings.bucket == nil else { continue }
            errors.append(
                SettingsError(
                    "publish.\(key)",
                    "missing required key, because the endpoint's audience is not the resource name of a provider"))
        }
        if let number = given["projectNumber"], let id = given["pool"], let provider = given["provider"] {
            pool = PoolProvider(
                projectNumber: number, pool: id, provider: provider, block: "publish", errors: &errors)
        }
        services = GoogleServices(
            universe: settings.universe, region: settings.region,
            overrides: [
                "sts": settings.endpoints?.sts, "iam": settings.endpoints?.iam,
                "iamCredentials": settings.endpoints?.iamCredentials, "storage": settings.endpoints?.storage,
            ], block: "publish", errors: &errors)
        if let account = settings.serviceAccount, (try? ServiceAccountAddress(account)) == nil {
            errors.append(
                SettingsError(
                    "publish.serviceAccount",
                    "invalid service account \(Quotation.of(account)); expected its e-mail address"))
        }
        sources = CredentialChoice.read(settings.credentials, standard: CredentialSource.selfIssued, &errors)
        if sources.contains(.selfIssued), pool == nil, !errors.contains(where: { $0.key.hasPrefix("publish.p") }) {
            errors.append(
                SettingsError(
                    "publish.provider",
                    "missing required key, because credentials has self; name the provider with projectNumber, pool and "
                        + "provider"))
        }
        if settings.bucket == nil, !GCPProvider.defaults.algorithms.contains(endpoint.algorithm) {
            errors.append(
                SettingsError(
                    "token.algorithm",
                    "Google does not verify \(endpoint.algorithm.rawValue); use RS256 or ES256, or hand over no keys to it"
                ))
        }
        let subject = "sts-gateway:publisher:\(endpoint.cluster):\(endpoint.name)"
        if sources.contains(.selfIssued) || settings.bucket == nil,
            subject.utf8.count > GCPProvider.defaults.limits.subjectLength
        {
            errors.append(
                SettingsError(
                    "publish",
                    "the subject of the gateway's own token, \(Quotation.of(subject, limit: 200)), has "
                        + "\(subject.utf8.count) bytes, and Google accepts 127; use a shorter cluster or endpoint name")
            )
        }
        let bucket = BucketLocation(settings, issuer: endpoint.issuer, errors: &errors)
        try SettingsErrors.check(errors)
        if let bucket {
            target = .bucket(bucket)
        } else if let pool {
            target = .provider(pool)
        } else {
            throw SettingsErrors([SettingsError("publish.provider", "missing required key")])
        }
        self.endpoint = endpoint.name
        issuer = endpoint.issuer.url
        self.pool = pool
        serviceAccount = settings.serviceAccount
        credentialsFile = settings.credentialsFile
        authorityFile = settings.caFile
    }
}

extension PublishPlan {
    /// A wrong key set is not rejected when it is uploaded; only an exchange shows it. The delay of an uploaded set is not
    /// documented.
    func handOver(to provider: PoolProvider) -> KeyHandOver {
        KeyHandOver(
            confirmation: .trial,
            propagation: KeyPropagation(
                newKey: 600, oldKey: .undocumented,
                evidence: "The operation is done, the provider returns the set, and a trial exchange verifies it."),
            usesOwnToken: sources.contains(.selfIssued)
        ) {
            UploadRecipient(
                plan: self, provider: provider, client: client($0), exchange: exchange($0), logger: $0.logger)
        }
    }

    func exchange(_ context: PublisherContext) -> TokenExchange {
        TokenExchange(service: service(context), services: services, now: context.now)
    }

    private func service(_ context: PublisherContext) -> JSONService {
        JSONService(
            transport: context.transport, authorities: JSONService.authorities(file: authorityFile, context.files),
            referenceField: "x-guploader-uploadid")
    }

    /// An administrator at the command line has credentials; only a gateway issues itself a token.
    func client(_ context: PublisherContext) -> GoogleClient {
        let own = sources.compactMap { source(of: $0, context) }
        let administrator = context.administration.map {
            AdministratorCredentials(administration: $0, environment: context.environment)
        }
        return GoogleClient(
            service: service(context), services: services,
            tokens: AccessTokenCache(
                sources: administrator.map { [$0] } ?? own, now: context.now, logger: context.logger),
            operations: LongRunningOperation(sleep: context.sleep))
    }

    private func source(of word: CredentialSource, _ context: PublisherContext) -> (any AccessTokenSource)? {
        switch word {
        case .selfIssued:
            return pool.map { pool in
                SelfIssuedCredentials(
                    provider: pool, serviceAccount: serviceAccount, exchange: exchange(context),
                    ownToken: context.ownToken, isOwnKeyPublic: context.isOwnKeyPublic, command: command)
            }
        case .externalAccount:
            return ExternalAccountCredentials(
                file: credentialsFile, files: context.files, environment: context.environment,
                exchange: exchange(context))
        case .metadata:
            return MetadataCredentials(
                transport: context.transport, environment: context.environment, now: context.now)
        }
    }

    /// The command with which an administrator publishes.
    var command: String {
        let step = if case .provider = target { "keys" } else { "documents" }
        return "sts-gateway provision gcp --endpoint \(endpoint) --only \(step)"
    }
}
