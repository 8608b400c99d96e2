import GatewayPluginAPI

/// What no two endpoints may share. Looked for once all are read.
struct EndpointCollisions {
    private let endpoints: [EndpointReader]

    /// First segments that are the gateway's own, on any of its listeners.
    static let reservedSegments: Set<String> = [
        "k8s", "certs", "ca-bundle", "livez", "readyz", "metrics", "status",
    ]
    /// What may follow an endpoint's path (the two well-known documents aside, whose dot no path can have).
    static let ownSegments: Set<String> = ["token", "sig-cert", "issuer-docs", "certs"]

    init(_ endpoints: [EndpointReader]) { self.endpoints = endpoints }

    /// - Parameter places: where each endpoint publishes; nil where it does not, or where that is wrong in itself.
    func report(places: [String?]) {
        for (index, place) in places.enumerated() {
            guard let place, let other = places[..<index].firstIndex(of: place) else { continue }
            endpoints[index].block.error(
                "publish",
                "\"\(place)\" is where \(endpoints[other].block.keyPath) publishes already; "
                    + "give each endpoint its own place")
        }
        for (index, endpoint) in endpoints.enumerated() {
            if let first = endpoint.path?.segments.first, Self.reservedSegments.contains(first) {
                endpoint.block.error("path", #""/\#(first)" is the gateway's own; write another path"#)
            }
            for other in endpoints[..<index] { report(endpoint, after: other) }
            for other in endpoints where other.block.keyPath != endpoint.block.keyPath {
                reportNesting(endpoint, in: other)
            }
        }
    }

    private func report(_ endpoint: EndpointReader, after other: EndpointReader) {
        let place = other.block.keyPath
        func shared<Value: Equatable & CustomStringConvertible>(
            _ value: (EndpointReader) -> Value?, _ block: BlockReader, _ key: String, _ hint: String
        ) {
            guard let own = value(endpoint), own == value(other) else { return }
            block.error(key, "\(block.quote(own.description, key)) is used by \(place) already; \(hint)")
        }
        let issuer = endpoint.issuerBlock
        shared(\.name, endpoint.block, "name", "give each endpoint its own name")
        shared(\.path, endpoint.block, "path", "give each endpoint its own path")
        shared(\.issuer, issuer, "host", "give each endpoint its own issuer, by another host or path")
        shared(\.keypair, issuer, "keypair", "give each endpoint its own key")
        if let own = endpoint.injector, let its = other.injector, own.label == its.label,
            own.tokenVariable == its.tokenVariable
        {
            endpoint.block.warning(
                "injector",
                #"a Pod with the label "\#(own.label)" is injected for \#(place) too, "#
                    + #"and both set \#(own.tokenVariable); give each endpoint its own label"#
            )
        }
    }

    private func reportNesting(_ endpoint: EndpointReader, in other: EndpointReader) {
        if let own = endpoint.path?.segments, let its = other.path?.segments, own.count > its.count,
            own.starts(with: its), Self.ownSegments.contains(own[its.count])
        {
            let route = "/" + own[...its.count].joined(separator: "/")
            endpoint.block.error(
                "path",
                "\"/\(own.joined(separator: "/"))\" lies at or below \"\(route)\", "
                    + "a route of \(other.block.keyPath); write another path"
            )
        }
        if let own = endpoint.issuer, let its = other.issuer, own.host == its.host {
            for document in [its.path + Issuer.keysPath, its.path + "/.well-known"]
            where own.path == document || own.path.hasPrefix(document + "/") {
                endpoint.issuerBlock.error(
                    "path",
                    "\"\(own.path)\" lies at or below \"\(document)\", "
                        + "where \(other.block.keyPath) has a document; write another path"
                )
            }
        }
    }
}
