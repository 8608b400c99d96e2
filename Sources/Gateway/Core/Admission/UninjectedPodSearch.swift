package import JSON

/// What a look for labelled Pods without a sidecar asks the API server for, and how it judges what comes.
package struct UninjectedPodSearch: Sendable, Equatable {
    /// One list: Pods with one label, for every endpoint that has it.
    package struct Query: Sendable, Equatable {
        /// Of the label and of the annotation.
        package let key: String
        /// Names.
        package let endpoints: [String]

        /// By labels, as the webhook's objectSelector.
        package var selector: String { "\(key),\(key)!=false" }
    }

    /// By fields: Pods that may still run.
    package static let fields = "status.phase!=Succeeded,status.phase!=Failed"

    package let queries: [Query]
    private let excludedNamespaces: Set<String>

    /// - Parameters:
    ///   - prefix: of labels and annotations.
    ///   - namespace: the gateway's own, which the webhook leaves out; nil where it is not known.
    package init(_ endpoints: [EndpointConfiguration], prefix: String, namespace: String?) {
        let byLabel = Dictionary(grouping: endpoints, by: \.injector.label)
        queries = byLabel.keys.sorted().map { label in
            Query(key: "\(prefix)/\(label)", endpoints: (byLabel[label] ?? []).map(\.name).sorted())
        }
        excludedNamespaces = Set(WebhookConfigurationManifest.excludedNamespaces(besides: namespace))
    }

    /// Names of all endpoints that are looked for.
    package var endpoints: [String] { queries.flatMap(\.endpoints).sorted() }

    /// The endpoints whose tokens a Pod lacks that bears the query's label. None where the Pod has ended or is about to,
    /// where the webhook never sees it, or where it is none.
    package func missing(in pod: JSONValue, _ query: Query) -> [UninjectedPod] {
        let metadata = pod["metadata"]
        guard let name = metadata?["name"]?.stringValue, let namespace = metadata?["namespace"]?.stringValue,
            !excludedNamespaces.contains(namespace), metadata?["deletionTimestamp"]?.stringValue == nil,
            !["Succeeded", "Failed"].contains(pod["status"]?["phase"]?.stringValue ?? "")
        else { return [] }
        let annotations = metadata?["annotations"]
        guard annotations?["kubernetes.io/config.mirror"] == nil else { return [] }
        let hasValue = !(annotations?[query.key]?.stringValue ?? "").isEmpty
        let given = Self.endpointsOfSidecar(pod)
        return query.endpoints.filter { !given.contains($0) }.map { endpoint in
            UninjectedPod(
                name: name,
                owner: UninjectedPod.Owner(
                    namespace: namespace, name: Self.owner(metadata) ?? "Pod/\(name)", endpoint: endpoint,
                    reason: hasValue ? .missing : .noValue))
        }
    }

    /// By content, as the webhook itself judges.
    private static func endpointsOfSidecar(_ pod: JSONValue) -> Set<String> {
        let containers = ["initContainers", "containers"].flatMap { pod["spec"]?[$0]?.elementList ?? [] }
        let settings = containers.filter { $0["name"]?.stringValue == InjectedNames.sidecar }
            .flatMap { $0["env"]?.elementList ?? [] }
            .filter { $0["name"]?.stringValue == SidecarContainers.endpointsSetting }
        let named = settings.flatMap { ($0["value"]?.stringValue ?? "").split(separator: ",") }
        return Set(named.map { String($0.prefix { $0 != "=" }) })
    }

    private static func owner(_ metadata: JSONValue?) -> String? {
        let owners = metadata?["ownerReferences"]?.elementList ?? []
        guard let owner = owners.first(where: { $0["controller"] == true }),
            let kind = owner["kind"]?.stringValue, let name = owner["name"]?.stringValue
        else { return nil }
        return "\(kind)/\(name)"
    }
}
