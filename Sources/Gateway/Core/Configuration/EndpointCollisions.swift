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

    /// Compares each endpoint with the first one that has its value, so that the work grows with the number of endpoints.
    ///
    /// - Parameter places: the location of each endpoint's documents; nil where it does not publish, or where the location
    ///   is invalid.
    func report(places: [String?]) {
        reportShared(places, at: { $0.block.value(of: \.publish) }, "publish each endpoint to a different location")
        reportShared(endpoints.map(\.name), at: { $0.block.value(of: \.name) }, "use a different name")
        reportShared(endpoints.map(\.path), at: { $0.block.value(of: \.path) }, "use a different path")
        reportShared(
            endpoints.map { $0.issuer?.url }, at: { $0.issuerBlock.value(of: \.host) },
            "use a different host or issuer.path")
        reportShared(
            endpoints.map(\.keypair), at: { $0.issuerBlock.value(of: \.keypair) }, "use a different Secret")
        reportSharedVariables()
        reportPaths()
        reportIssuers()
        reportNamedKeys()
    }

    /// The route or the document of an endpoint with which a configured path of its key set conflicts; nil for none. A
    /// publisher may store documents as files, so none may be below another.
    static func ownDocument(inTheWayOf path: String) -> String? {
        let first = path.dropFirst().prefix { $0 != "/" }
        if ownSegments.contains(String(first)) || first == ".sts-gateway" { return "/\(first)" }
        let discovery = Issuer.discoveryPath
        return path == discovery || path.hasPrefix(discovery + "/") || discovery.hasPrefix(path + "/") ? discovery : nil
    }

    /// Reports hand-overs that a token of another endpoint authorizes, where that endpoint cannot give one: the relying
    /// party has to read its keys at its issuer URL.
    ///
    /// - Parameter handOvers: of each endpoint; nil where it publishes documents.
    func report(handOvers: [KeyHandOver?]) {
        for (index, handOver) in handOvers.enumerated() {
            guard let name = handOver?.tokenEndpoint else { continue }
            let publish = endpoints[index].block.value(of: \.publish)
            guard let other = endpoints.firstIndex(where: { $0.name == name }) else {
                publish.error("there is no endpoint \"\(name)\", whose token authorizes the hand-over; add it")
                continue
            }
            if endpoints[other].issuer?.url == endpoints[index].issuer?.url || handOvers[other] != nil {
                publish.error(
                    "the keys of the endpoint \"\(name)\", whose token authorizes the hand-over, must be published at an "
                        + "issuer URL of its own; use an endpoint that does not hand over keys")
            }
        }
    }

    private func reportShared<Value: Hashable>(
        _ values: [Value?], at key: (EndpointReader) -> ConfigurationValue, _ hint: String
    ) {
        var holders = FirstHolders<Value>()
        for (index, value) in values.enumerated() {
            guard let value, let first = holders.take(value, of: index) else { continue }
            key(endpoints[index]).error("duplicate of \(key(endpoints[first]).keyPath) (\"\(value)\"); \(hint)")
        }
    }

    /// A Pod with the label gets the variables of every endpoint of the label.
    private func reportSharedVariables() {
        struct Variable: Hashable {
            let label: String
            let name: String
        }
        var holders = FirstHolders<Variable>()
        for (index, endpoint) in endpoints.enumerated() {
            guard let injector = endpoint.injector else { continue }
            var reported: Set<Int> = []
            for name in injector.variableNames {
                guard let first = holders.take(Variable(label: injector.label, name: name), of: index),
                    reported.insert(first).inserted
                else { continue }
                endpoint.block.warning(
                    \.injector,
                    "duplicate of \(endpoints[first].block.value(of: \.injector).keyPath): both inject \(name) into Pods "
                        + "with the label \"\(injector.label)\"; use a different label")
            }
        }
    }

    private func reportPaths() {
        var holders = FirstHolders<[String]>()
        for (index, endpoint) in endpoints.enumerated() { _ = holders.take(endpoint.path?.segments, of: index) }
        for endpoint in endpoints {
            guard let own = endpoint.path?.segments else { continue }
            if let first = own.first, Self.reservedSegments.contains(first) {
                endpoint.block.error(\.path, #""/\#(first)" is reserved for the gateway; use a different path"#)
            }
            for length in own.indices where Self.ownSegments.contains(own[length]) {
                guard let other = holders[Array(own.prefix(length))] else { continue }
                let route = "/" + own[...length].joined(separator: "/")
                endpoint.block.error(
                    \.path,
                    "\"/\(own.joined(separator: "/"))\" conflicts with the route \"\(route)\" of "
                        + "\(endpoints[other].block.keyPath); use a different path")
            }
        }
    }

    private func reportIssuers() {
        var holders = FirstHolders<String>()
        for (index, endpoint) in endpoints.enumerated() { _ = holders.take(endpoint.issuer?.url, of: index) }
        for endpoint in endpoints {
            guard let own = endpoint.issuer else { continue }
            let path = own.path
            for start in path.indices where path[start] == "/" {
                let rest = path[start...]
                for document in [Issuer.keysPath, "/.well-known"]
                where rest == document || rest.hasPrefix(document + "/") {
                    let parent = String(path[..<start])
                    guard let other = holders["https://\(own.host)\(parent)"] else { continue }
                    endpoint.issuerBlock.error(
                        \.path,
                        "\"\(path)\" conflicts with the document \"\(parent)\(document)\" of "
                            + "\(endpoints[other].block.keyPath); use a different path")
                }
            }
        }
    }

    /// Compares configured paths of key sets with the documents and routes of other endpoints, at the issuer's host and
    /// below the endpoint's path.
    private func reportNamedKeys() {
        guard endpoints.contains(where: { $0.issuer?.jwksPath != nil }) else { return }
        let places = endpoints.enumerated().flatMap { index, endpoint in Self.places(of: endpoint, index) }
        let holders = Dictionary(places.map { ($0.text, $0) }, uniquingKeysWith: { first, _ in first })
        var reported: Set<Int> = []
        for place in places {
            let text = place.text
            for end in text.indices.filter({ text[$0] == "/" }) + [text.endIndex] {
                guard let other = holders[String(text[..<end])], other.endpoint != place.endpoint,
                    place.isNamed || other.isNamed
                else { continue }
                let (owner, rival) = place.isNamed ? (place, other) : (other, place)
                guard reported.insert(owner.endpoint).inserted else { continue }
                endpoints[owner.endpoint].issuerBlock.error(
                    \.jwksPath,
                    "\"\(owner.text)\" conflicts with \"\(rival.text)\" of "
                        + "\(endpoints[rival.endpoint].block.keyPath); use a different path")
            }
        }
    }

    /// Where an endpoint has a document or a route: the URL at the issuer's host, or the path at the gateway.
    private struct Place {
        let endpoint: Int
        let text: String
        /// Whether it is the key set at a configured path.
        let isNamed: Bool
    }

    private static func places(of endpoint: EndpointReader, _ index: Int) -> [Place] {
        let documents = endpoint.issuer?.documents ?? []
        var places: [Place] = []
        for document in documents {
            let isNamed = document.isKeySet && document != .keys
            for parent in [endpoint.issuer?.url, endpoint.path?.description].compactMap({ $0 }) {
                places.append(Place(endpoint: index, text: parent + document.path, isNamed: isNamed))
            }
        }
        guard let path = endpoint.path else { return places }
        return places
            + ["token", "sig-cert", "issuer-docs"].map {
                Place(endpoint: index, text: "\(path)/\($0)", isNamed: false)
            }
    }
}
