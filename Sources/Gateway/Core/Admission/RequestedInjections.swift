import GatewayPluginAPI
import JSON

/// The endpoints that a Pod's labels and annotations request, with the variables of their plugins.
struct RequestedInjections {
    /// Sorted by name, so that the order of webhooks and of the configuration does not matter.
    private(set) var endpoints: [EndpointConfiguration] = []
    private(set) var warnings: [String] = []
    private(set) var variables: [InjectedVariable] = []
    /// The lifetimes of tokens that the Pod requests, in seconds, by the endpoint's name.
    private(set) var lifetimes: [String: Int] = [:]
    /// The files of the endpoints.
    private(set) var files: [InjectedFile] = []
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
            func annotation(_ key: String) -> String? {
                [pod.annotations[key], serviceAccount[key]].lazy.compactMap(\.self).first { !$0.isEmpty }
            }
            let value = annotation(key)
            guard value != nil || endpoint.injector.annotation == .optional else {
                warnings.append(
                    "the Pod has the label \(key), but neither the Pod nor its ServiceAccount has an annotation of that "
                        + "name, so nothing is injected for \(endpoint.name); add the annotation")
                continue
            }
            try Self.checkSubject(of: endpoint, namespace: namespace, pod)
            var options: [String: String] = [:]
            for option in endpoint.injector.options { options[option] = annotation("\(key)-\(option)") }
            if let text = annotation(Self.lifetimeKey(of: endpoint, policy)) {
                lifetimes[endpoint.name] = try Self.lifetime(text, of: endpoint, policy)
            }
            let injection: PodInjection
            do {
                injection = try endpoint.provider.injection(
                    for: InjectionRequest(
                        annotation: value, options: options, namespace: namespace,
                        serviceAccountName: pod.serviceAccountName,
                        tokenFile: InjectedNames.tokenFile(endpoint.name)))
            } catch {
                throw AdmissionDenial(.forbidden, "\(key): \(error.message)")
            }
            let rendering = InjectionRendering(
                endpoint, injection, annotation: value, namespace: namespace,
                serviceAccountName: pod.serviceAccountName)
            endpoints.append(endpoint)
            add(try rendering.variables())
            files += try rendering.files()
            expectedVariables += injection.expectedVariables.map { (endpoint.name, $0) }
            conflictingVariables += (injection.conflictingVariables + endpoint.injector.conflicts)
                .map { (endpoint.name, $0) }
        }
    }

    /// The variables that are looked up in the containers.
    var examinedVariables: VariableNames {
        VariableNames(
            variables.map(\.name) + variables.flatMap(\.unlessSet) + expectedVariables.flatMap(\.variable.names)
                + conflictingVariables.flatMap(\.variables.names))
    }

    /// The annotation with the lifetime of an endpoint's tokens.
    static func lifetimeKey(of endpoint: EndpointConfiguration, _ policy: InjectionPolicy) -> String {
        "\(policy.key(endpoint.injector.label))-lifetime"
    }

    /// The lifetime that the Pod requests, in seconds: not more than that of the endpoint.
    private static func lifetime(
        _ text: String, of endpoint: EndpointConfiguration, _ policy: InjectionPolicy
    ) throws(AdmissionDenial) -> Int {
        let range = lifetimes(of: endpoint)
        if let duration = ConfigurationDuration(text), range.contains(duration.seconds) { return duration.seconds }
        throw AdmissionDenial(
            .forbidden,
            "\(lifetimeKey(of: endpoint, policy)): \(expected(range, insteadOf: " \(PodQuotation.of(text))"))")
    }

    /// The lifetimes that a Pod may request, in seconds.
    static func lifetimes(of endpoint: EndpointConfiguration) -> ClosedRange<Int> {
        min(endpoint.token.minimumLifetime, endpoint.token.timeToLive)...endpoint.token.timeToLive
    }

    static func expected(_ lifetimes: ClosedRange<Int>, insteadOf found: String = "") -> String {
        "invalid lifetime\(found); expected \(ConfigurationDuration(seconds: lifetimes.lowerBound)) to "
            + "\(ConfigurationDuration(seconds: lifetimes.upperBound)), such as 10m"
    }

    /// Denies a Pod whose tokens would have a longer subject than the relying party accepts, since every token request of
    /// it would fail.
    private static func checkSubject(
        of endpoint: EndpointConfiguration, namespace: String, _ pod: PodReading
    ) throws(AdmissionDenial) {
        let maximum = min(endpoint.limits.subjectLength, SubjectTemplate.maximumLength)
        let subject = endpoint.token.subject.render(
            cluster: endpoint.endpoint.cluster, namespace: namespace, serviceAccount: pod.serviceAccountName)
        if let subject, subject.utf8.count <= maximum { return }
        let found = subject.map { "has \($0.utf8.count) bytes" } ?? "is too long"
        throw AdmissionDenial(
            .forbidden,
            "the subject of tokens of \(endpoint.name) for the ServiceAccount "
                + "\(PodQuotation.of(pod.serviceAccountName)) \(found), but the relying party accepts \(maximum); use "
                + "shorter names, or let the gateway's operator set a shorter token.subject")
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
