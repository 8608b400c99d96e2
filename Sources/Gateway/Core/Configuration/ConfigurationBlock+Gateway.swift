import JOSE

// The keys of `gateway.yaml`, outside of an endpoint. docs/configuration.md explains them to its reader.

extension ConfigurationBlock {
    static let gateway = ConfigurationBlock([
        .init(
            "cluster", .text(pattern: "^[A-Za-z0-9._-]{1,63}$"),
            "The cluster's name: the claim and the attribute cluster.", fallback: "kubernetes"),
        .init(
            "k8s_cluster_name", .text(pattern: "^[A-Za-z0-9._-]{1,63}$"),
            "OpenUnison's key for the cluster's name; cluster is taken first."),
        .init("listeners", .block(listeners), "Where the gateway listens."),
        .init("tls", .block(tls), "The certificates that it serves."),
        .init("review", .block(review), "How ServiceAccount tokens are checked."),
        .init("keyStore", .block(keyStore), "Where signing keys are kept."),
        .init("injection", .block(injection), "What the admission webhook adds to Pods."),
        .init("limits", .block(limits), "What a client may ask of a listener."),
        .init("audit", .block(audit), "The audit log."),
        .init("log", .block(log), "The log."),
        .init("sts", .block(sts), "OpenUnison's block of endpoints.", isRequired: true),
    ])

    static let listeners = ConfigurationBlock([
        .init("tokens", .text(pattern: address), "Tokens and issuer documents, over TLS.", fallback: "0.0.0.0:8443"),
        .init("webhook", .text(pattern: address), "The admission webhook, over TLS.", fallback: "0.0.0.0:9443"),
        .init("admin", .text(pattern: address), "Health and metrics, plain HTTP.", fallback: "0.0.0.0:9090"),
    ])

    static let tls = ConfigurationBlock([
        .init(
            "certificates", .list(of: .block(certificate)),
            "Chosen by server name, the first where none fits; without any the gateway makes its own."),
        .init("names", .textOrList, "DNS names that the gateway's own certificate has beside its Services'."),
        .init(
            "overlap", .duration(0...2_592_000),
            "For which an authority of the gateway's own is announced before it issues, and trusted after, at least.",
            fallback: "1h"),
    ])

    static let certificate = ConfigurationBlock([
        .init("certificate", .text(), "A PEM file: the certificate and its chain.", isRequired: true),
        .init("key", .text(), "A PEM file: the certificate's private key.", isRequired: true),
        .init("ca", .text(), "A PEM file: the authority that Pods are to trust, where it is no public one."),
    ])

    static let review = ConfigurationBlock(
        [
            .init(
                "kind", .choice(["kubernetes", "offline"]),
                "The API server's TokenReview, or the cluster's public keys.", fallback: "kubernetes"),
            .init("kubeconfig", .text(), "A kubeconfig file, for a gateway outside the cluster."),
            .init("offline", .block(ConfigurationBlock(offline)), "What kind offline checks with."),
        ] + offline)

    /// Within `offline` or beside `kind: offline`.
    private static let offline: [ConfigurationKey] = [
        .init("jwks", .text(), "The cluster's JSON Web Key Set: a file, or an https URL."),
        .init("issuer", .text(), "The iss of the cluster's ServiceAccount tokens."),
    ]

    static let keyStore = ConfigurationBlock([
        .init(
            "kind", .choice(["kubernetes", "directory"]), "Secrets of the gateway's namespace, or a directory.",
            fallback: "kubernetes"),
        .init("directory", .text(), "The directory; kind may be left out then."),
        .init("path", .text(), "The same as directory, beside kind: directory."),
    ])

    static let injection = ConfigurationBlock([
        .init(
            "prefix", .text(), "What labels and annotations begin with, before the slash.", fallback: "tremolo.io"),
        .init("gatewayURL", .text(pattern: "^https://"), "Where the sidecar finds the token listener."),
        .init(
            "position", .choiceOrBlock(["first", "last"], position), "Where the sidecar stands among the containers.",
            fallback: "first"),
        .init("sidecar", .block(sidecar), "The sidecar."),
        .init(
            "subjectTokenLifetime", .duration(600...86_400),
            "How long the ServiceAccount token lives that the sidecar has.", fallback: "1h"),
        .init(
            "serviceAccountAnnotations", .boolean,
            "Whether a label's value may come from the annotation of the Pod's ServiceAccount.", fallback: "false"),
        .init("uninjectedPods", .block(uninjectedPods), "The look for labelled Pods that have no sidecar."),
        .init("webhook", .block(webhook), "The webhook as the API server knows it."),
    ])

    static let position = ConfigurationBlock([
        .init("after", .text(), "The container that the sidecar follows.", isRequired: true)
    ])

    static let sidecar = ConfigurationBlock([
        .init("image", .text(), "The image of sts-sidecar."),
        .init(
            "mode", .choice(GatewayConfiguration.Injection.SidecarMode.allCases.map(\.rawValue)),
            "A native sidecar, a classic one, or what the cluster's version allows.", fallback: "auto"),
        .init("tokenMode", .text(pattern: "^(0o?)?[0-7]{3}$"), "The mode of its token files.", fallback: "0644"),
        .init("resources", .block(resources), "What it asks of its node."),
    ])

    static let resources = ConfigurationBlock([
        .init("requests", .block(quantities(cpu: "5m", memory: "16Mi")), "What it is sure to have."),
        .init("limits", .block(quantities(cpu: nil, memory: "32Mi")), "What it never has more of."),
    ])

    private static func quantities(cpu: String?, memory: String) -> ConfigurationBlock {
        ConfigurationBlock([
            .init("cpu", .text(pattern: quantity), "Of a core.", fallback: cpu),
            .init("memory", .text(pattern: quantity), "In bytes.", fallback: memory),
        ])
    }

    static let uninjectedPods = ConfigurationBlock([
        .init("enabled", .boolean, "Whether the leader looks.", fallback: "true"),
        .init("interval", .duration(30...86_400), "Between two looks.", fallback: "5m"),
    ])

    static let webhook = ConfigurationBlock([
        .init(
            "service", .text(pattern: label), "The Service in front of the webhook.", fallback: "sts-gateway-webhook"),
        .init(
            "configuration", .text(pattern: label),
            "The MutatingWebhookConfigurations are <this>-injector-<endpoint>.", fallback: "sts-gateway"),
        .init("clientCA", .text(), "A PEM file: who asks must have a certificate of one of these authorities."),
        .init("concurrency", .integer(1...10_000), "Reviews that are answered at a time.", fallback: "64"),
    ])

    static let limits = ConfigurationBlock([
        .init("bodyBytes", .integer(1_024...4_194_304), "The longest body of a request.", fallback: "65536"),
        .init("headerBytes", .integer(1_024...1_048_576), "The longest head of a request.", fallback: "16384"),
        .init(
            "readTimeout", .duration(1...600), "For the whole of a request to arrive.", fallback: "10s"),
        .init(
            "idleTimeout", .duration(1...3_600), "After which a connection without a request is closed.",
            fallback: "60s"),
        .init("connections", .integer(1...1_000_000), "Open connections of a listener.", fallback: "4096"),
        .init(
            "drainDelay", .duration(0...300),
            "How long it goes on serving once told to stop; by default 5s in a Pod and 0s elsewhere."),
    ])

    static let audit = ConfigurationBlock([
        .init(
            "events", .boolean, "Whether a refusal by policy is told as an Event on the Pod, too.", fallback: "true")
    ])

    static let log = ConfigurationBlock([
        .init(
            "level", .choice(GatewayConfiguration.Log.Level.allCases.map(\.rawValue)), "The least that is logged.",
            fallback: "info")
    ])

    static let sts = ConfigurationBlock([
        .init("endpoints", .list(of: .block(endpoint)), "One security token service each.", isRequired: true),
        .init("image", .text(), "OpenUnison's; not used."),
        .init("openunison", .foreignMapping, "OpenUnison's; not used."),
    ])

    /// Keys of the `values.yaml` of OpenUnison's charts, which may be there and are not read.
    static let ignoredOpenUnisonKeys: Set<String> = [
        "active_directory", "amq_image", "argowf", "az_groups", "cert_template", "cert_update_image", "certs",
        "cicd_proxy", "crd", "dashboard", "database", "enable_impersonation", "enabled_impersonation", "github",
        "headlamp", "image",
        "impersonation", "kiali", "monitoring", "myvd_config_path", "myvd_configmap", "network", "network_policies",
        "oidc", "openunison", "operator", "precheck", "saml", "services", "smtp", "trusted_certs", "vcluster",
    ]

    private static let quantity = "^[0-9]+([.][0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"
    private static let label = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
    private static let address = #"^(\[[0-9A-Za-z:.%-]+\]|[0-9A-Za-z.-]+):[0-9]{1,5}$"#
}
