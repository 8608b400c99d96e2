import GatewayPluginAPI
import JSON

/// The endpoints that a Pod's labels and annotations request, with the variables of their plugins.
struct RequestedInjections {
    /// The endpoints whose labels the Pod has, sorted by name.
    static func endpoints(
        _ endpoints: [EndpointConfiguration], of labels: [String: String], _ policy: InjectionPolicy
    ) -> [EndpointConfiguration] {
        endpoints.filter { endpoint in
            labels[policy.key(endpoint.injector.label)].map { $0 != "false" } ?? false
        }
        .sorted { $0.name < $1.name }
    }

    /// Sorted by name, so that the order of webhooks and of the configuration does not matter.
    private(set) var endpoints: [EndpointConfiguration] = []
    private(set) var warnings: [String] = []
    private(set) var variables: [InjectedVariable] = []
    /// What the endpoints' plugins expect of the Pod, each with its endpoint's name.
    private(set) var expectedVariables: [(endpoint: String, variable: PodInjection.ExpectedVariable)] = []
    /// What prevents the use of the endpoints' tokens, each with its endpoint's name.
    private(set) var conflictingVariables: [(endpoint: String, variables: PodInjection.ConflictingVariables)] = []

    /// - Parameter serviceAccount: the annotations of the Pod's ServiceAccount; empty where they were not read.
    init(
        _ requested: [EndpointConfiguration], of pod: PodReading, namespace: String, serviceAccount: [String: String],
        _ policy: InjectionPolicy
    ) throws(AdmissionDenial) {
        for endpoint in requested {
            let key = policy.key(endpoint.injector.label)
            let values = [pod.annotations[key], serviceAccount[key]]
            guard let value = values.compactMap(\.self).first(where: { !$0.isEmpty }) else {
                warnings.append(
                    "the Pod has the label \(key), but neither the Pod nor its ServiceAccount has an annotation of that "
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
            expectedVariables += injection.expectedVariables.map { (endpoint.name, $0) }
            conflictingVariables += injection.conflictingVariables.map { (endpoint.name, $0) }
        }
    }

    /// Adds variables. Of endpoints with the same variable, the first one sets it.
    private mutating func add(_ added: [InjectedVariable]) {
        for variable in added {
            guard let other = variables.first(where: { $0.name == variable.name }) else {
                variables.append(variable)
                continue
            }
            guard other.value != variable.value else { continue }
            warnings.append(
                "\(variable.name) is set for \(other.endpoint), not for \(variable.endpoint), which the Pod requests "
                    + "as well; set the token file of the other one in the program's configuration")
        }
    }

    /// The audience of the sidecar's subject token: one that every endpoint accepts.
    ///
    /// - Parameter found: the audience of an earlier injection where it is preferred, since the Pod also has endpoints that
    ///   this replica does not know.
    func audience(_ policy: InjectionPolicy, found: String?) throws(AdmissionDenial) -> String {
        var common = Set(endpoints.first?.subjectToken.audiences ?? [])
        for endpoint in endpoints { common.formIntersection(endpoint.subjectToken.audiences) }
        if let found, common.contains(found) { return found }
        if common.contains(policy.audience) { return policy.audience }
        guard let audience = common.min() else {
            let names = endpoints.map(\.name).joined(separator: ", ")
            throw AdmissionDenial(
                .forbidden,
                "the endpoints \(names) accept ServiceAccount tokens of different audiences, but a Pod has one token; "
                    + "request one endpoint only, or let the gateway's operator configure a common audience")
        }
        return audience
    }
}

/// An environment variable that is injected into every container that does not set it.
struct InjectedVariable {
    let name: String
    /// The value in the Pod, escaped.
    let value: String
    /// Not given to a container that sets one of these itself.
    let unlessSet: [String]
    let endpoint: String

    /// The element of `env`.
    var json: JSONValue { ["name": .string(name), "value": .string(value)] }

    /// The maximum length in bytes; a longer value may prevent a process from starting.
    static let maximumLength = 32_768

    /// The variables of an endpoint.
    static func list(
        _ endpoint: EndpointConfiguration, _ injection: PodInjection
    ) throws(AdmissionDenial) -> [InjectedVariable] {
        var variables = [(endpoint.injector.tokenVariable, InjectedNames.tokenFile(endpoint.name), [String]())]
        if let name = endpoint.injector.valueVariable { variables.append((name, injection.value, [])) }
        variables += injection.environment.map { ($0.name, $0.value, $0.unlessSet) }
        for (name, value, _) in variables where value.utf8.count > maximumLength || value.utf8.contains(0) {
            throw AdmissionDenial(
                .forbidden,
                "the value of \(name) for the endpoint \(endpoint.name) is longer than \(maximumLength) bytes or "
                    + "contains a zero byte; use a shorter annotation")
        }
        return variables.map { name, value, unlessSet in
            InjectedVariable(
                name: name, value: EnvironmentVariableValue.escaped(value), unlessSet: unlessSet,
                endpoint: endpoint.name)
        }
    }
}
