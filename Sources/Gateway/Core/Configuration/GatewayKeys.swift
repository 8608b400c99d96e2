import KubernetesAPI

// The keys of `gateway.yaml`, except those of `injection` and `sts.endpoints`.

struct GatewayKeys: ConfigurationKeys {
    let cluster = Key(
        "cluster", .clusterName, default: GatewayConfiguration.defaultCluster, example: "production",
        "Name of the cluster: the claim and attribute `cluster`.")
    let openUnisonCluster = Key(
        "k8s_cluster_name", .clusterName, alternative: "production",
        "OpenUnison's key for the cluster name. `cluster` takes precedence.")
    let listeners = Key("listeners", ListenerKeys(), "Addresses to listen on. Port 0 is any free port.")
    let tls = Key("tls", TLSKeys(), "Serving certificates.")
    let review = Key("review", ReviewKeys(), "How ServiceAccount tokens are reviewed.")
    let keyStore = Key("keyStore", KeyStoreKeys(), "Where signing keys are stored.")
    let injection = Key("injection", InjectionKeys(), "What the admission webhook injects into Pods.")
    let limits = Key("limits", LimitKeys(), "Limits of each listener.")
    let audit = Key("audit", AuditKeys(), "The audit log.")
    let log = Key("log", LogKeys(), "The log.")
    let status = Key("status", StatusKeys(), "The status page of the admin listener.")
    let sts = Key("sts", STSKeys(), isRequired: true, "OpenUnison-compatible block of endpoints.")

    static let all = GatewayKeys()
    static let type = ConfigurationType.block(all)

    /// Top-level keys of OpenUnison's `values.yaml` that are allowed and ignored.
    static let ignored: Set<String> = [
        "active_directory", "amq_image", "argowf", "az_groups", "cert_template", "cert_update_image", "certs",
        "cicd_proxy", "crd", "dashboard", "database", "enable_impersonation", "enabled_impersonation", "github",
        "headlamp", "image", "impersonation", "kiali", "monitoring", "myvd_config_path", "myvd_configmap", "network",
        "network_policies", "oidc", "openunison", "operator", "precheck", "saml", "services", "smtp", "trusted_certs",
        "vcluster",
    ]
}

struct ListenerKeys: ConfigurationKeys {
    let tokens = Key(
        "tokens", .listener, default: ListenAddress(host: "0.0.0.0", port: 8_443),
        "Token requests and issuer documents, over TLS.")
    let webhook = Key(
        "webhook", .listener, default: ListenAddress(host: "0.0.0.0", port: 9_443), "The admission webhook, over TLS.")
    let admin = Key(
        "admin", .listener, default: ListenAddress(host: "0.0.0.0", port: 9_090),
        "Health and metrics, plain HTTP. Do not expose it outside the cluster.")
}

struct TLSKeys: ConfigurationKeys {
    let certificates = Key(
        "certificates", .list(of: CertificateKeys()),
        "Selected by SNI, else the first one. They are reloaded when the files change. Without any the gateway issues "
            + "its own, see [serving-certificates.md](serving-certificates.md).")
    let names = Key(
        "names", .certificateNames, example: "[sts.internal.example]",
        "DNS names of the gateway's own certificate, in addition to those of its Services.")
    let overlap = Key(
        "overlap", .duration(.seconds(0)...(.days(30))), default: .hours(1),
        "Minimum time that a self-signed CA is announced before it issues, and trusted after its successor does.")
    let minimumVersion = Key(
        "minimumVersion", .choice(of: TLSPolicy.Version.self), default: .tls12,
        "Minimum version of TLS for both listeners. OpenUnison's sidecar and older API servers need TLS1.2.")
    let ciphers = Key(
        "ciphers", .ciphers,
        example: "[TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]",
        otherwise: "all with forward secrecy and authenticated encryption",
        "Cipher suites of TLS 1.2, by their IANA names. Those of TLS 1.3 are fixed.")
}

struct CertificateKeys: ConfigurationKeys {
    let certificate = Key(
        "certificate", .file, isRequired: true, example: "tls/sts.example.com.pem", "PEM file: certificate and chain.")
    let key = Key("key", .file, isRequired: true, example: "tls/sts.example.com-key.pem", "PEM file: private key.")
    let authority = Key(
        "ca", .file, example: "tls/ca.pem", "PEM file: CA for Pods to trust, unless it is a public one.")
}

struct ReviewKeys: ConfigurationKeys {
    enum Kind: String, CaseIterable { case kubernetes, offline }

    let kind = Key(
        "kind", .choice(of: Kind.self), usualDefault: .kubernetes,
        "The API server's TokenReview, or local (JWKS) token validation. May be omitted if another key implies it.")
    let kubeconfig = Key(
        "kubeconfig", .file, alternative: "kubeconfig.yaml", "Kubeconfig file, for a gateway outside the cluster.")
    let offline = Key(
        "offline", OfflineReviewKeys(),
        "Settings of kind `offline`. For development: the token of a deleted Pod is accepted until it expires.")
    let keySet = Key("jwks", .keySetSource, alternative: "cluster/jwks.json", "The same as `offline.jwks`.")
    let issuer = Key(
        "issuer", .string, alternative: "https://kubernetes.default.svc.cluster.local",
        "The same as `offline.issuer`.")
}

struct OfflineReviewKeys: ConfigurationKeys {
    let keySet = Key(
        "jwks", .keySetSource, alternative: "cluster/jwks.json", "JSON Web Key Set of the cluster: a file or a URL.")
    let issuer = Key(
        "issuer", .string, alternative: "https://kubernetes.default.svc.cluster.local",
        "The `iss` of the cluster's ServiceAccount tokens.")
}

struct KeyStoreKeys: ConfigurationKeys {
    enum Kind: String, CaseIterable { case kubernetes, directory }

    let kind = Key(
        "kind", .choice(of: Kind.self), usualDefault: .kubernetes,
        "Secrets in the gateway's namespace, or a directory. May be omitted if `directory` is set.")
    let directory = Key(
        "directory", .file, alternative: "keys", "The directory; its files are readable by the gateway's user only.")
    let path = Key("path", .file, alternative: "keys", "The same as `directory`.")
}

struct LimitKeys: ConfigurationKeys {
    let bodyBytes = Key("bodyBytes", .integer(1_024...4_194_304), default: 16_384, "Maximum request body, in bytes.")
    let headerBytes = Key(
        "headerBytes", .integer(1_024...1_048_576), default: 16_384, "Maximum request head, in bytes.")
    let readTimeout = Key(
        "readTimeout", .duration(.seconds(1)...(.minutes(10))), default: .seconds(10),
        "Time for a request to arrive completely.")
    let idleTimeout = Key(
        "idleTimeout", .duration(.seconds(1)...(.hours(1))), example: "110s",
        otherwise: "110s, varied by 10 % for each connection",
        "Time after which a connection without a request is closed. Keep it longer than that of clients and load "
            + "balancers: who closes last loses no request.")
    let connections = Key("connections", .integer(1...1_000_000), default: 4_096, "Maximum open connections.")
    let drainDelay = Key(
        "drainDelay", .duration(.seconds(0)...(.minutes(5))), example: "5s",
        otherwise: "5s in a Pod, else 0s", "Time to keep serving, unready, after SIGTERM, while load balancers react.")
    let shutdownTimeout = Key(
        "shutdownTimeout", .duration(.seconds(1)...(.minutes(10))), example: "40s",
        otherwise: "40s, or 35s more than drainDelay if that is longer",
        "Time from SIGTERM to the end of the process at the latest. It must be longer than drainDelay.")
    let serviceAccountRate = Key(
        "serviceAccountRate", .integer(1...1_000_000), default: 100,
        "Token calls per second of one ServiceAccount at one replica, after its burst. Beyond: 429 with `Retry-After`. "
            + "The default takes about a tenth of a processor for RSA signatures.")
    let serviceAccountBurst = Key(
        "serviceAccountBurst", .integer(1...1_000_000), default: 2_000,
        "Token calls of one ServiceAccount at once. The default lets 1,000 Pods start together with two endpoints each."
    )
    let rejectionRate = Key(
        "rejectionRate", .integer(1...1_000_000), default: 200,
        "Token calls per second of one address (IPv6: a network of 64 bits) that may be rejected before their identity "
            + "is verified. Beyond, its calls are not reviewed. By default 10,000 sidecars with an invalid token, which "
            + "try once a minute, may share an address.")
    let rejectionBurst = Key(
        "rejectionBurst", .integer(1...1_000_000), default: 2_000, "The same at once.")
    let totalRate = Key(
        "totalRate", .integer(1...1_000_000), default: 5_000,
        "Token calls per second of all ServiceAccounts at one replica. The default is more than two processors sign.")
    let totalBurst = Key(
        "totalBurst", .integer(1...1_000_000), default: 20_000, "Token calls of all ServiceAccounts at once.")
    let trackedCallers = Key(
        "trackedCallers", .integer(1...1_000_000), default: 16_384,
        "Maximum ServiceAccounts, and addresses, that have spent calls of their own; further ones share one limit.")
}

struct AuditKeys: ConfigurationKeys {
    let events = Key(
        "events", .boolean, default: true, "Whether a denial by policy is also recorded as an Event on the Pod.")
}

struct LogKeys: ConfigurationKeys {
    let level = Key(
        "level", .choice(of: GatewayConfiguration.Log.Level.self), default: .info, "Minimum level that is logged.")
}

struct StatusKeys: ConfigurationKeys {
    let hosts = Key(
        "hosts", .statusHosts, example: "[sts-status.internal.example]",
        otherwise: "none: `/status` is shown on loopback addresses only, as through `kubectl port-forward`",
        "Values of `Host`, without port, with which `/status` is also shown at other addresses. It has no authentication of "
            + "its own: put a proxy with one in front.")
}

struct STSKeys: ConfigurationKeys {
    let endpoints = Key(
        "endpoints", .list(of: EndpointKeys()), isRequired: true, "The endpoints; each one is a security token service."
    )
    let image = Key("image", .string, alternative: "ghcr.io/example/sidecar", "OpenUnison's key; ignored.")
    let openUnison = Key(
        "openunison", .mapping(), alternative: "{name: orchestra, namespace: openunison}", "OpenUnison's key; ignored.")
}

extension ConfigurationType where Value == String {
    static var clusterName: Self {
        string(#"1 to 63 letters, digits, ".", "_" and "-""#, pattern: "^[A-Za-z0-9._-]{1,63}$") { text in
            (1...63).contains(text.utf8.count) && text.utf8.allSatisfy { $0.isLetterOrDigit || "._-".utf8.contains($0) }
        }
    }

    static var file: Self { string("a path") { _ in true } }
}

extension ConfigurationType where Value == [String] {
    fileprivate static var ciphers: Self {
        let names = TLSPolicy.Cipher.allCases.map(\.rawValue)
        return strings(
            "a cipher suite or a list of cipher suites: \(names.asChoice)",
            element: .string(names.asChoice) { names.contains($0) })
    }

    fileprivate static var statusHosts: Self {
        strings(
            "a DNS name or IP address, or a list of them",
            element: .string(
                "a DNS name or IP address without port, such as status.example.com or [fd00::1]",
                pattern: #"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)$"#
            ) { text in
                // As a caller writes it: an IPv6 address in brackets (RFC 9110 §7.2).
                guard text.hasPrefix("[") else { return KubernetesName.isSubdomain(text.lowercased()) }
                return text.hasSuffix("]") && text.dropFirst().dropLast().contains(":")
                    && text.dropFirst().dropLast().utf8.allSatisfy { "0123456789abcdefABCDEF:.".utf8.contains($0) }
            })
    }

    fileprivate static var certificateNames: Self {
        strings(
            "a DNS name or a list of DNS names",
            element: .string("a DNS name") { text in
                let name = text.lowercased()
                return KubernetesName.isSubdomain(name.hasPrefix("*.") ? String(name.dropFirst(2)) : name)
            })
    }
}

extension ConfigurationType where Value == GatewayConfiguration.KeySetSource {
    fileprivate static var keySetSource: Self {
        scalar(
            "a file or an https URL (http on loopback only)", schema: .string(pattern: nil),
            parse: { GatewayConfiguration.KeySetSource($0) })
    }
}

extension ConfigurationType where Value == ListenAddress {
    fileprivate static var listener: Self { address(pattern: #"^(\[[0-9A-Za-z:.%-]+\]|[0-9A-Za-z.-]+):[0-9]{1,5}$"#) }
}

extension UInt8 {
    /// ASCII.
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// ASCII.
    var isLetterOrDigit: Bool { isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}
