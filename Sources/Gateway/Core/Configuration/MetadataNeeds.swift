/// Whether rules and claims may name labels and annotations, which takes an API server to read them from.
struct MetadataNeeds {
    private let isOffline: Bool

    /// - Parameter review: nil where it is not understood, which is told elsewhere.
    init(review: GatewayConfiguration.Review?) {
        if case .offline = review { isOffline = true } else { isOffline = false }
    }

    /// Why these may not be named; nil where they may.
    func refusal(of attributes: [MetadataAttribute]) -> String? {
        guard isOffline, !attributes.isEmpty else { return nil }
        let names = attributes.map { "\"\($0)\"" }.joined(separator: ", ")
        return "not supported with an offline review, as \(names) is read from the API server; "
            + "use review: {kind: kubernetes} or remove it"
    }
}
