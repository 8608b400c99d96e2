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
            endpoints.map(\.issuer), at: { $0.issuerBlock.value(of: \.host) }, "use a different host or issuer.path")
        reportShared(
            endpoints.map(\.keypair), at: { $0.issuerBlock.value(of: \.keypair) }, "use a different Secret")
        reportSharedVariables()
        reportPaths()
        reportIssuers()
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
            if endpoints[other].issuer == endpoints[index].issuer || handOvers[other] != nil {
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
        var holders = FirstHolders<Issuer>()
        for (index, endpoint) in endpoints.enumerated() { _ = holders.take(endpoint.issuer, of: index) }
        for endpoint in endpoints {
            guard let own = endpoint.issuer else { continue }
            let path = own.path
            for start in path.indices where path[start] == "/" {
                let rest = path[start...]
                for document in [Issuer.keysPath, "/.well-known"]
                where rest == document || rest.hasPrefix(document + "/") {
                    let parent = String(path[..<start])
                    guard let other = Issuer(host: own.host, path: parent).flatMap({ holders[$0] }) else { continue }
                    endpoint.issuerBlock.error(
                        \.path,
                        "\"\(path)\" conflicts with the document \"\(parent)\(document)\" of "
                            + "\(endpoints[other].block.keyPath); use a different path")
                }
            }
        }
    }
}
