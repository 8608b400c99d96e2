import GatewayPluginAPI

/// Reports values that two endpoints must not share, after all endpoints were read.
struct EndpointCollisions {
    private let endpoints: [EndpointReader]

    /// First path segments that are reserved for the gateway on any of its listeners.
    static let reservedSegments: Set<String> = [
        "k8s", "certs", "ca-bundle", "livez", "readyz", "metrics", "status",
    ]
    /// The segments of an endpoint's routes, except the well-known documents, whose dot no path can contain.
    static let ownSegments: Set<String> = ["token", "sig-cert", "issuer-docs", "certs"]

    init(_ endpoints: [EndpointReader]) { self.endpoints = endpoints }

    /// - Parameter places: the location of each endpoint's documents; nil where it does not publish, or where the location
    ///   is invalid.
    func report(places: [String?]) {
        for (index, place) in places.enumerated() {
            guard let place, let other = places[..<index].firstIndex(of: place) else { continue }
            endpoints[index].block.error(
                \.publish,
                "duplicate of \(endpoints[other].block.value(of: \.publish).keyPath) (\"\(place)\"); "
                    + "publish each endpoint to a different location")
        }
        for (index, endpoint) in endpoints.enumerated() {
            if let first = endpoint.path?.segments.first, Self.reservedSegments.contains(first) {
                endpoint.block.error(\.path, #""/\#(first)" is reserved for the gateway; use a different path"#)
            }
            for other in endpoints[..<index] { report(endpoint, after: other) }
            for other in endpoints where other.block.keyPath != endpoint.block.keyPath {
                reportNesting(endpoint, in: other)
            }
        }
    }

    private func report(_ endpoint: EndpointReader, after other: EndpointReader) {
        func shared<Value: Equatable>(
            _ value: (EndpointReader) -> Value?, at key: (EndpointReader) -> ConfigurationValue, _ hint: String
        ) {
            guard let own = value(endpoint), own == value(other) else { return }
            key(endpoint).error("duplicate of \(key(other).keyPath) (\"\(own)\"); \(hint)")
        }
        shared(\.name, at: { $0.block.value(of: \.name) }, "use a different name")
        shared(\.path, at: { $0.block.value(of: \.path) }, "use a different path")
        shared(\.issuer, at: { $0.issuerBlock.value(of: \.host) }, "use a different host or issuer.path")
        shared(\.keypair, at: { $0.issuerBlock.value(of: \.keypair) }, "use a different Secret")
        if let own = endpoint.injector, let its = other.injector, own.label == its.label,
            let shared = own.variableNames.first(where: its.variableNames.contains)
        {
            endpoint.block.warning(
                \.injector,
                "duplicate of \(other.block.value(of: \.injector).keyPath): both inject \(shared) into Pods with "
                    + "the label \"\(own.label)\"; use a different label")
        }
    }

    private func reportNesting(_ endpoint: EndpointReader, in other: EndpointReader) {
        if let own = endpoint.path?.segments, let its = other.path?.segments, own.count > its.count,
            own.starts(with: its), Self.ownSegments.contains(own[its.count])
        {
            let route = "/" + own[...its.count].joined(separator: "/")
            endpoint.block.error(
                \.path,
                "\"/\(own.joined(separator: "/"))\" conflicts with the route \"\(route)\" of \(other.block.keyPath); "
                    + "use a different path")
        }
        if let own = endpoint.issuer, let its = other.issuer, own.host == its.host {
            for document in [its.path + Issuer.keysPath, its.path + "/.well-known"]
            where own.path == document || own.path.hasPrefix(document + "/") {
                endpoint.issuerBlock.error(
                    \.path,
                    "\"\(own.path)\" conflicts with the document \"\(document)\" of \(other.block.keyPath); "
                        + "use a different path")
            }
        }
    }
}
