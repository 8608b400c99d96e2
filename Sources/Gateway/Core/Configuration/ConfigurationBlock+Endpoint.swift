import JOSE

// The keys of one of `sts.endpoints`. Names with underscores, and azRules, are OpenUnison's own.

extension ConfigurationBlock {
    static let endpoint = ConfigurationBlock([
        .init(
            "name", .text(pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"), "Unique in the gateway.", isRequired: true),
        .init(
            "plugin", .text(pattern: "^[a-z][a-z0-9-]{0,31}$"),
            "The provider plugin; by default the one named as the endpoint, else the one that knows the audience."),
        .init("audience", .textOrList, "The aud of issued tokens; by default the plugin's."),
        .init(
            "path", .text(pattern: "^(/[a-z0-9][a-z0-9-]*){1,4}$"),
            "What its routes lie below; unique. By default a slash and the name."),
        .init(
            "azRules", .list(of: .block(rule)), "Who may have a token: whoever any rule passes; without rules nobody."),
        .init("issuer", .block(issuer), "The issuer URL is https://<host><path>.", isRequired: true),
        .init("injector", .block(injector), "What the admission webhook adds for this endpoint."),
        .init("additionalAttributes", .attributes, "OpenUnison's form of token.claims."),
        .init("host_in_openunison", .boolean, "OpenUnison's; the documents are served on issuer.host always."),
        .init("subjectToken", .block(subjectToken), "Which ServiceAccount tokens it takes."),
        .init("token", .block(token), "The tokens that it issues."),
        .init("rotation", .block(rotation), "When signing keys are renewed."),
        .init(
            "publish", .block(publish), "Where the issuer's documents are published; the other keys are the plugin's."),
        .init("settings", .foreignMapping, "The plugin's own."),
    ])

    static let rule = ConfigurationBlock([
        .init("scope", .text(), "filter, group, or dn.", isRequired: true),
        .init("constraint", .text(), "A filter (RFC 4515), a group's name, or o=Tremolo.", isRequired: true),
    ])

    static let issuer = ConfigurationBlock([
        .init(
            "host", .text(pattern: #"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"#), "A DNS name, without port.", isRequired: true
        ),
        .init("path", .text(pattern: "^((/[A-Za-z0-9._~-]+)*)$"), "Empty, or one that begins with a slash."),
        .init("keypair", .text(), "The kubernetes.io/tls Secret whose key is imported; unique."),
    ])

    static let injector = ConfigurationBlock([
        .init("label", .text(), "Label and annotation of Pods, without the prefix; by default the plugin's."),
        .init(
            "token_environment_variable_name", .text(pattern: variable),
            "The variable that holds the token file's path; by default the plugin's."),
        .init(
            "label_value_environment_variable_name", .text(pattern: variable),
            "The variable that holds the annotation's value; by default the plugin's."),
        .init("explicit_certificate_trust", .boolean, "OpenUnison's; trust is always injected.", fallback: "false"),
    ])

    static let subjectToken = ConfigurationBlock([
        .init(
            "audiences", .textOrList, "One of them must be in a token's aud; by default sts-gateway.<namespace>.svc."),
        .init(
            "acceptApiServerAudience", .boolean,
            "Whether tokens for the API server are taken too, as OpenUnison's sidecar sends them.", fallback: "false"),
        .init("requirePod", .boolean, "Whether a token must be bound to a Pod.", fallback: "true"),
    ])

    static let token = ConfigurationBlock([
        .init("ttl", .duration(60...86_400), "How long a token lives.", fallback: "900s"),
        .init(
            "subject", .text(), "The sub, with {cluster}, {namespace} and {saname}.",
            fallback: SubjectTemplate.standard.description),
        .init("claims", .claims, "Claims beside those that every token has."),
        .init(
            "algorithm", .choice(SignatureAlgorithm.allCases.map(\.rawValue)),
            "The signature's algorithm; by default the plugin's first."),
        .init("keySize", .integer(2_048...4_096), "Bits of an RSA key, a multiple of 8.", fallback: "2048"),
        .init(
            "allowSharedSubject", .boolean, "Whether several ServiceAccounts may have one subject.", fallback: "false"),
        .init(
            "capToSubject", .boolean, "Whether a token ends with the ServiceAccount token it was issued for.",
            fallback: "false"),
    ])

    static let rotation = ConfigurationBlock([
        .init("every", .duration(3_600...31_622_400), "The age at which a key is replaced.", fallback: "30d"),
        .init(
            "propagation", .duration(2...604_800), "How long a key is published before it signs; twice maxAge or more.",
            fallback: "2h"),
        .init(
            "maxAge", .duration(1...3_600), "How long edges, and then verifiers, may keep the documents.",
            fallback: "5m"),
    ])

    static let publish = ConfigurationBlock(
        [
            .init("plugin", .text(pattern: "^[a-z][a-z0-9-]{0,31}$"), "By default the endpoint's."),
            .init("probe", .block(probe), "How the public documents are read back."),
        ], isOpen: true)

    static let probe = ConfigurationBlock([
        .init("enabled", .boolean, "Whether the documents are read back.", fallback: "true"),
        .init("connectTo", .text(), "ADDRESS:PORT to connect to in place of the issuer's host."),
        .init("caFile", .text(), "A PEM file of authorities to trust."),
        .init("proxy", .text(), "The URL of a proxy."),
        .init("interval", .duration(10...86_400), "From one reading to the next.", fallback: "5m"),
    ])

    private static let variable = "^[A-Za-z_][A-Za-z0-9_]*$"
}
