import JSON
import KubernetesAPI

// The keys of `injection`.

struct InjectionKeys: ConfigurationKeys {
    let prefix = Key("prefix", .prefix, default: "tremolo.io", "Prefix of labels and annotations: `<prefix>/<label>`.")
    let gatewayURL = Key(
        "gatewayURL", .httpsURL, example: "https://sts-gateway.sts.svc",
        otherwise: "the gateway's Service", "URL of the token listener for the sidecar.")
    let admission = Key(
        "admission", .choice(of: GatewayConfiguration.Injection.Admission.self), default: .webhook,
        "What injects Pods: the webhook alone, or also admission policies, which the leader maintains; `auto`: policies "
            + "where the server is Kubernetes 1.36 or later (docs/injection.md).")
    let manage = Key(
        "manage", .boolean, default: true,
        "Whether the leader writes the admission policies. `false`: it reports how they differ from `policy manifest`.")
    let delivery = Key(
        "delivery", .choice(of: GatewayConfiguration.Injection.Delivery.self), default: .sidecar,
        "What writes the token files: a sidecar in each Pod, or the node driver (`csi`, docs/node-driver.md). "
            + "The annotation `<prefix>/delivery` takes precedence.")
    let nodeDriver = Key(
        "nodeDriver", .driverName, example: "sts-node.tremolo.io", otherwise: "the node driver is not installed",
        "Name of the CSIDriver object of the node driver. The chart sets this with `gateway.node.enabled`.")
    let caConfigMap = Key(
        "caConfigMap", .namespacedName, example: "sts-nodes/sts-gateway-ca", otherwise: "none",
        "ConfigMap `<namespace>/<name>` in which the leader keeps the CA bundle for node drivers. "
            + "The chart sets this with `gateway.node.enabled`.")
    let position = Key(
        "position", .position, default: .first, "Position of the sidecar: `first`, `last`, or `{after: CONTAINER}`.")
    let sidecar = Key("sidecar", SidecarKeys(), "The sidecar.")
    let meshProxies = Key(
        "meshProxies", .strings, example: "corporate-proxy", otherwise: "only those of Istio, Linkerd, Kuma and Consul",
        "Further native sidecars that capture a Pod's traffic. The sidecar is placed after them.")
    let subjectTokenLifetime = Key(
        "subjectTokenLifetime", .duration(.minutes(10)...(.hours(24))), default: .hours(1),
        "Lifetime of the ServiceAccount token that the sidecar presents.")
    let serviceAccountAnnotations = Key(
        "serviceAccountAnnotations", .boolean, default: false,
        "Whether an annotation of the Pod's ServiceAccount counts too. "
            + "Then the gateway reads ServiceAccounts, and whoever may edit one decides for its Pods.")
    let uninjectedPods = Key(
        "uninjectedPods", UninjectedPodKeys(), "The leader's search for labeled Pods without a sidecar.")
    let webhook = Key("webhook", WebhookKeys(), "The webhook, as the API server sees it.")
}

struct PositionKeys: ConfigurationKeys {
    let after = Key("after", .label(pattern: nil), isRequired: true, "The container that precedes the sidecar.")
}

struct SidecarKeys: ConfigurationKeys {
    let image = Key("image", .string, example: "registry.example.com/sts-sidecar", "Image of `sts-sidecar`.")
    let mode = Key(
        "mode", .choice(of: GatewayConfiguration.Injection.SidecarMode.self), default: .auto,
        "Native or classic sidecar; `auto`: native where the cluster's version allows it.")
    let tokenMode = Key("tokenMode", .fileMode, default: 0o644, "File mode of the token files.")
    let resources = Key("resources", ResourceKeys(), "Resource requests and limits.")
    let securityContext = Key(
        "securityContext", SidecarSecurityKeys(), "Parts of the sidecar's securityContext that a cluster may prescribe."
    )
}

struct SidecarSecurityKeys: ConfigurationKeys {
    let runAsUser = Key(
        "runAsUser", .integer(1...2_147_483_647), example: "65532",
        otherwise: "the Pod's user; 65532 where that is root",
        "User ID. The annotation `<prefix>/user` takes precedence.")
    let runAsGroup = Key(
        "runAsGroup", .integer(1...2_147_483_647), example: "65532", otherwise: "the Pod's group",
        "Group ID. The annotation `<prefix>/group` takes precedence.")
    let seccompProfile = Key(
        "seccompProfile", .boolean, default: true,
        "Whether the container has the seccomp profile `RuntimeDefault`. "
            + "OpenShift's `restricted` (without `-v2`) refuses every profile.")
}

struct ResourceKeys: ConfigurationKeys {
    let requests = Key("requests", ResourceRequestKeys(), "Requests.")
    let limits = Key("limits", ResourceLimitKeys(), "Limits.")
}

struct ResourceRequestKeys: ConfigurationKeys {
    let cpu = Key("cpu", .quantity, default: "5m", "CPU request.")
    let memory = Key("memory", .quantity, default: "16Mi", "Memory request.")
    let ephemeralStorage = Key(
        "ephemeral-storage", .quantity, example: "1Mi", otherwise: "none", "Request for local storage: the log.")
}

struct ResourceLimitKeys: ConfigurationKeys {
    let cpu = Key(
        "cpu", .quantity, alternative: "100m", otherwise: "none, as throttling delays the Pod's start", "CPU limit.")
    let memory = Key("memory", .quantity, default: "32Mi", "Memory limit.")
    let ephemeralStorage = Key(
        "ephemeral-storage", .quantity, example: "16Mi", otherwise: "none", "Limit of local storage: the log.")
}

struct UninjectedPodKeys: ConfigurationKeys {
    let enabled = Key("enabled", .boolean, default: true, "Whether the leader searches.")
    let interval = Key("interval", .duration(.seconds(30)...(.hours(24))), default: .minutes(5), "Search interval.")
}

struct WebhookKeys: ConfigurationKeys {
    let service = Key(
        "service", .webhookName, default: "sts-gateway-webhook", "Service in front of the webhook listener.")
    let configuration = Key(
        "configuration", .webhookName, default: "sts-gateway",
        "Prefix of the MutatingWebhookConfigurations: `<prefix>-injector-<endpoint>`.")
    let excludedNamespaces = Key(
        "excludedNamespaces", .namespaces, default: GatewayConfiguration.Injection.Webhook.systemNamespaces,
        "Namespaces whose Pods are not injected, beside the gateway's own. "
            + "The chart sets this from `gateway.webhook.excludedNamespaces`.")
    let clientAuthority = Key(
        "clientCA", .file, example: "tls/api-server-ca.pem",
        otherwise: "none is requested, so that any client may send reviews", "PEM file: CAs of client certificates.")
    let concurrency = Key("concurrency", .integer(1...10_000), default: 64, "Maximum concurrent reviews; more wait.")
}

extension ConfigurationType where Value == String {
    fileprivate static var prefix: Self { string("a lowercase DNS name") { KubernetesName.isSubdomain($0) } }

    fileprivate static var httpsURL: Self {
        string("an https URL", pattern: "^https://") {
            $0.hasPrefix("https://") && $0.utf8.count > "https://".utf8.count
        }
    }

    /// A positive number with or without a fraction and a suffix (apimachinery, resource.Quantity).
    fileprivate static var quantity: Self {
        string(
            "a Kubernetes quantity, such as 5m or 32Mi", pattern: "^[0-9]+([.][0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"
        ) { text in
            let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            let suffix = text[digits.endIndex...]
            return Double(digits) ?? 0 > 0 && digits.last != "."
                && ["", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"].contains(suffix)
        }
    }

    fileprivate static var driverName: Self {
        string("a lowercase DNS name of at most 63 characters") {
            $0.utf8.count <= 63 && KubernetesName.isSubdomain($0)
        }
    }

    fileprivate static var webhookName: Self { label(pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$") }
}

extension ConfigurationType where Value == NamespacedName {
    fileprivate static var namespacedName: Self {
        scalar(
            "<namespace>/<name>", schema: .string(pattern: "^[a-z0-9-]+/[a-z0-9.-]+$"),
            json: { .string($0.description) }, parse: NamespacedName.init)
    }
}

extension ConfigurationType where Value == [String] {
    /// A list that may be empty.
    fileprivate static var namespaces: Self {
        let (expected, label) = ("a list of namespaces", ConfigurationType<String>.label(pattern: nil))
        return Self(
            description: TypeDescription(
                expected: expected, schema: ["type": "array", "items": label.description.schema]),
            json: { .array($0.map(JSONValue.string)) }
        ) { value in
            guard case .sequence(let nodes, _) = value.node else { return value.invalid(expected: expected) }
            return nodes.enumerated().compactMap { label.read(value.element($1, at: $0)) }
        }
    }
}

extension ConfigurationType where Value == Int {
    /// The format of `chmod`, not a YAML number, whose base differs between YAML 1.1 and 1.2.
    fileprivate static var fileMode: Self {
        scalar(
            #"an octal file mode, readable by the owner and writable by nobody else, such as "0644" or "0440""#,
            schema: .string(pattern: "^(0o?)?[0-7]{3}$"),
            json: { .string("0" + String($0, radix: 8)) }
        ) { text in
            let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
            guard (3...4).contains(digits.utf8.count), let mode = Int(digits, radix: 8), mode <= 0o777,
                mode & 0o400 != 0, mode & 0o133 == 0
            else { return nil }
            return mode
        }
    }
}

extension ConfigurationType where Value == GatewayConfiguration.Injection.Position {
    fileprivate static var position: Self {
        let block = ConfigurationType<ConfigurationBlock<PositionKeys>>.block(PositionKeys())
        let expected = "first, last or {after: CONTAINER}"
        return Self(
            description: TypeDescription(
                expected: expected, schema: ["anyOf": [["enum": ["first", "last"]], block.description.schema]],
                keys: block.description.keys),
            json: { $0 == .last ? "last" : "first" }
        ) { value in
            switch value.node {
            case .mapping: block.read(value)?.after.map { .after($0) }
            case .scalar("first", _, _): .first
            case .scalar("last", _, _): .last
            default: value.invalid(expected: expected)
            }
        }
    }
}
