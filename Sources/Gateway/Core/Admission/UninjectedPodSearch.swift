package import JSON

/// The search for labelled Pods without tokens: the queries, and the evaluation of their results.
package struct UninjectedPodSearch: Sendable, Equatable {
    /// A list of Pods with one label, for every endpoint with that label.
    package struct Query: Sendable, Equatable {
        /// The key of the label and of the annotation.
        package let key: String
        /// The endpoints' names.
        package let endpoints: [String]

        /// The label selector; the same as the webhook's objectSelector.
        package var selector: String { "\(key),\(key)!=false" }
    }

    /// The field selector: Pods that have not terminated.
    package static let fields = "status.phase!=Succeeded,status.phase!=Failed"

    package let queries: [Query]
    private let excludedNamespaces: Set<String>

    /// - Parameters:
    ///   - prefix: the prefix of labels and annotations.
    ///   - namespace: the gateway's namespace, which the webhook excludes; nil where it is not known.
    ///   - excluded: the other namespaces that the webhook excludes.
    package init(
        _ endpoints: [EndpointConfiguration], prefix: String, namespace: String?,
        excluded: [String] = GatewayConfiguration.Injection.Webhook.systemNamespaces
    ) {
        let byLabel = Dictionary(grouping: endpoints, by: \.injector.label)
        queries = byLabel.keys.sorted().map { label in
            Query(key: "\(prefix)/\(label)", endpoints: (byLabel[label] ?? []).map(\.name).sorted())
        }
        excludedNamespaces = Set(WebhookConfigurationManifest.excludedNamespaces(excluded, besides: namespace))
    }

    /// The names of all endpoints of the search.
    package var endpoints: [String] { queries.flatMap(\.endpoints).sorted() }

    /// The endpoints whose tokens a Pod with the query's label lacks. Empty where the Pod has terminated or is being
    /// deleted, where the webhook excludes it, or where the value is not a Pod.
    package func missing(in pod: JSONValue, _ query: Query) -> [UninjectedPod] {
        let metadata = pod["metadata"]
        guard let name = metadata?["name"]?.stringValue, let namespace = metadata?["namespace"]?.stringValue,
            !excludedNamespaces.contains(namespace), metadata?["deletionTimestamp"]?.stringValue == nil,
            !["Succeeded", "Failed"].contains(pod["status"]?["phase"]?.stringValue ?? "")
        else { return [] }
        let annotations = metadata?["annotations"]
        guard annotations?["kubernetes.io/config.mirror"] == nil else { return [] }
        let hasValue = !(annotations?[query.key]?.stringValue ?? "").isEmpty
        let given = Self.endpoints(of: pod)
        return query.endpoints.filter { !given.contains($0) }.map { endpoint in
            UninjectedPod(
                name: name,
                owner: UninjectedPod.Owner(
                    namespace: namespace, name: Self.owner(metadata) ?? "Pod/\(name)", endpoint: endpoint,
                    reason: hasValue ? .missing : .noValue))
        }
    }

    /// The namespace and the name of a Pod with a sidecar, which trusts the CA bundle of its injection; nil for another Pod.
    package func injected(_ pod: JSONValue) -> String? {
        let metadata = pod["metadata"]
        guard let name = metadata?["name"]?.stringValue, let namespace = metadata?["namespace"]?.stringValue,
            !Self.endpointsOfSidecar(pod).isEmpty
        else { return nil }
        return "\(namespace)/\(name)"
    }

    /// The namespace and the name of a Pod whose sidecar got only other CAs; nil for another Pod. A Pod with labels of
    /// several queries is found by the first one.
    package func injected(_ pod: JSONValue, without authority: RequiredAuthority, _ query: Query) -> String? {
        guard let name = injected(pod), pod["metadata"]?["deletionTimestamp"]?.stringValue == nil else { return nil }
        let labels = pod["metadata"]?["labels"]
        let first = queries.first { labels?[$0.key]?.stringValue.map { $0 != "false" } ?? false }
        guard first == query else { return nil }
        let bundles = Self.settings(of: pod, SidecarContainers.trustSetting)
        return bundles.contains { authority.isTrusted(by: $0) } ? nil : name
    }

    /// The endpoints of the Pod's sidecar, or of its volume of the node driver.
    private static func endpoints(of pod: JSONValue) -> Set<String> {
        endpointsOfSidecar(pod).union((pod["spec"]?["volumes"]?.elementList ?? []).flatMap(NodeVolume.endpoints))
    }

    /// The endpoints of the Pod's sidecar.
    private static func endpointsOfSidecar(_ pod: JSONValue) -> Set<String> {
        let named = settings(of: pod, SidecarContainers.endpointsSetting).flatMap { $0.split(separator: ",") }
        return Set(named.map { String($0.prefix { $0 != "=" }) })
    }

    /// The values of a variable of the Pod's sidecar.
    private static func settings(of pod: JSONValue, _ name: String) -> [String] {
        let containers = ["initContainers", "containers"].flatMap { pod["spec"]?[$0]?.elementList ?? [] }
        return containers.filter { $0["name"]?.stringValue == InjectedNames.sidecar }
            .flatMap { $0["env"]?.elementList ?? [] }
            .filter { $0["name"]?.stringValue == name }.map { $0["value"]?.stringValue ?? "" }
    }

    private static func owner(_ metadata: JSONValue?) -> String? {
        let owners = metadata?["ownerReferences"]?.elementList ?? []
        guard let owner = owners.first(where: { $0["controller"] == true }),
            let kind = owner["kind"]?.stringValue, let name = owner["name"]?.stringValue
        else { return nil }
        return "\(kind)/\(name)"
    }
}
