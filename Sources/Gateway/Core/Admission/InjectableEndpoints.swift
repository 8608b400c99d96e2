/// The endpoints of a configuration, found by what a review names, so that a review does not look at thousands.
package struct InjectableEndpoints: Sendable {
    private let byLabel: [String: [EndpointConfiguration]]
    private let byName: [String: EndpointConfiguration]

    /// No endpoints.
    static let none = InjectableEndpoints([], prefix: "")

    /// - Parameter prefix: the prefix of labels.
    package init(_ endpoints: [EndpointConfiguration], prefix: String) {
        byLabel = Dictionary(grouping: endpoints) { "\(prefix)/\($0.injector.label)" }
        byName = Dictionary(endpoints.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// nil where there is none of that name.
    subscript(name: String) -> EndpointConfiguration? { byName[name] }

    /// The endpoints whose labels a Pod has, sorted by name.
    func requested(by labels: PodTexts) -> [EndpointConfiguration] {
        labels.keys.flatMap { key in labels[key] == "false" ? [] : byLabel[key] ?? [] }
            .sorted { $0.name < $1.name }
    }
}
