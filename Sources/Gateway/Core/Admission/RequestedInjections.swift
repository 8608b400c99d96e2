import GatewayPluginAPI

/// What a Pod's labels and annotations ask for: the endpoints, each with what its plugin makes of the value.
struct RequestedInjections {
    /// The endpoints that a Pod's labels name, by their names.
    static func endpoints(
        _ endpoints: [EndpointConfiguration], of labels: [String: String], _ policy: InjectionPolicy
    ) -> [EndpointConfiguration] {
        endpoints.filter { endpoint in
            labels[policy.key(endpoint.injector.label)].map { $0 != "false" } ?? false
        }
        .sorted { $0.name < $1.name }
    }

    /// By name, so that no order of webhooks or of the configuration shows in a Pod.
    private(set) var endpoints: [EndpointConfiguration] = []
    private(set) var warnings: [String] = []
    private(set) var variables: [InjectedVariable] = []

    /// - Parameter serviceAccount: the annotations of the Pod's ServiceAccount; none where they are not read.
    init(
        _ asked: [EndpointConfiguration], of pod: PodReading, namespace: String, serviceAccount: [String: String],
        _ policy: InjectionPolicy
    ) throws(AdmissionDenial) {
        for endpoint in asked {
            let key = policy.key(endpoint.injector.label)
            let values = [pod.annotations[key], serviceAccount[key]]
            guard let value = values.compactMap(\.self).first(where: { !$0.isEmpty }) else {
                warnings.append(
                    "the Pod has the label \(key) but neither it nor its ServiceAccount has an annotation of that "
                        + "name, so nothing is injected for \(endpoint.name); add the annotation")
                continue
            }
            let injection: PodInjection
            do {
                injection = try endpoint.provider.injection(
                    for: InjectionRequest(
                        annotation: value, namespace: namespace, serviceAccountName: pod.serviceAccountName))
            } catch {
                throw AdmissionDenial(.forbidden, "\(key): \(error.message)")
            }
            endpoints.append(endpoint)
            add(try InjectedVariable.list(endpoint, injection))
        }
    }

    /// The first endpoint to name a variable has it.
    private mutating func add(_ added: [InjectedVariable]) {
        for variable in added {
            guard let other = variables.first(where: { $0.name == variable.name }) else {
                variables.append(variable)
                continue
            }
            guard other.value != variable.value else { continue }
            warnings.append(
                "\(variable.name) is set for \(other.endpoint), not for \(variable.endpoint), which the Pod asks for "
                    + "too; name the token file of the other in the program's own settings")
        }
    }

    /// What the one subject token of the sidecar is made for: something that every endpoint takes.
    func audience(_ policy: InjectionPolicy) throws(AdmissionDenial) -> String {
        var common = Set(endpoints.first?.subjectToken.audiences ?? [])
        for endpoint in endpoints { common.formIntersection(endpoint.subjectToken.audiences) }
        if common.contains(policy.audience) { return policy.audience }
        guard let audience = common.min() else {
            let names = endpoints.map(\.name).joined(separator: ", ")
            throw AdmissionDenial(
                .forbidden,
                "the endpoints \(names) take ServiceAccount tokens of different audiences, and a Pod has one for all; "
                    + "ask for one of them, or let the gateway's operator give them an audience in common")
        }
        return audience
    }
}

/// A variable that every container of a Pod is given, but those that set it themselves.
struct InjectedVariable {
    let name: String
    /// As the Pod has it.
    let value: String
    let endpoint: String

    /// Bytes; longer ones may keep a process from starting.
    static let maximumLength = 32_768

    static func list(
        _ endpoint: EndpointConfiguration, _ injection: PodInjection
    ) throws(AdmissionDenial) -> [InjectedVariable] {
        var pairs = [(endpoint.injector.tokenVariable, InjectedNames.tokenFile(endpoint.name))]
        if let name = endpoint.injector.valueVariable { pairs.append((name, injection.value)) }
        pairs += injection.environment.map { ($0.name, $0.value) }
        for (name, value) in pairs where value.utf8.count > maximumLength || value.utf8.contains(0) {
            throw AdmissionDenial(
                .forbidden,
                "the value of \(name) for the endpoint \(endpoint.name) is longer than \(maximumLength) bytes or has a "
                    + "zero byte; write a shorter text in the annotation")
        }
        return pairs.map { name, value in
            InjectedVariable(name: name, value: EnvironmentVariableValue.escaped(value), endpoint: endpoint.name)
        }
    }
}
