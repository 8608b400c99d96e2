/// Whether rules and claims may use labels and annotations, which requires an API server.
struct MetadataNeeds {
    private let isOffline: Bool

    /// - Parameter review: nil where it is invalid, which is reported elsewhere.
    init(review: GatewayConfiguration.Review?) {
        if case .offline = review { isOffline = true } else { isOffline = false }
    }

    /// Why these attributes are not supported; nil where they are.
    func problem(of attributes: [MetadataAttribute]) -> String? {
        guard isOffline, !attributes.isEmpty else { return nil }
        let names = attributes.map { "\"\($0)\"" }.joined(separator: ", ")
        return "not supported with an offline review, as \(names) is read from the API server; "
            + "use review: {kind: kubernetes} or remove it"
    }
}
