import GatewayPluginAPI

/// The variables and files of one endpoint in a Pod: those of its plugin, and its templates with the Pod's values.
struct InjectionRendering {
    private let endpoint: EndpointConfiguration
    private let injection: PodInjection
    private let values: [String: String]

    /// - Parameter annotation: nil where the Pod has none; then templates with `{annotation}` give nothing.
    init(
        _ endpoint: EndpointConfiguration, _ injection: PodInjection, annotation: String?, namespace: String,
        serviceAccountName: String
    ) {
        self.endpoint = endpoint
        self.injection = injection
        var values = endpoint.injector.values
        values["annotation"] = annotation
        values["namespace"] = namespace
        values["saname"] = serviceAccountName
        values["cluster"] = endpoint.endpoint.cluster
        values["endpoint"] = endpoint.name
        values["audience"] = endpoint.endpoint.audiences.first
        values["issuer"] = endpoint.issuer.url
        values["tokenFile"] = InjectedNames.tokenFile(endpoint.name)
        self.values = values
    }

    /// The variables, each name once. A configured variable replaces that of the plugin.
    func variables() throws(AdmissionDenial) -> [InjectedVariable] {
        let injector = endpoint.injector
        var variables: [PodInjection.EnvironmentVariable] = []
        if let name = injector.tokenVariable { variables.append(.init(name, InjectedNames.tokenFile(endpoint.name))) }
        if let name = injector.valueVariable, let value = injection.value { variables.append(.init(name, value)) }
        variables += injection.environment
        for file in injection.files {
            if let name = file.variable {
                variables.append(.init(name, InjectedNames.file(file.name, of: endpoint.name)))
            }
        }
        for variable in try configuredVariables() {
            variables.removeAll { $0.name == variable.name }
            variables.append(variable)
        }
        var result: [InjectedVariable] = []
        for variable in variables {
            guard variable.value.utf8.count <= InjectedVariable.maximumLength, !variable.value.utf8.contains(0) else {
                throw AdmissionDenial(
                    .forbidden,
                    "the value of \(variable.name) for the endpoint \(endpoint.name) is longer than "
                        + "\(InjectedVariable.maximumLength) bytes or contains a zero byte; use a shorter annotation")
            }
            result.append(
                InjectedVariable(
                    name: variable.name, value: EnvironmentVariableValue.escaped(variable.value),
                    unlessSet: variable.unlessSet, endpoint: endpoint.name))
        }
        return result
    }

    private func configuredVariables() throws(AdmissionDenial) -> [PodInjection.EnvironmentVariable] {
        var variables: [PodInjection.EnvironmentVariable] = []
        for template in endpoint.injector.variables {
            guard let value = template.value.render(values) else { continue }
            guard value.utf8.count <= VariableTemplate.maximumLength, Self.isOneLine(value) else {
                throw denial(
                    template.value.names, "\(template.name)",
                    "one line of at most \(VariableTemplate.maximumLength) bytes")
            }
            variables.append(.init(template.name, value))
        }
        for file in endpoint.injector.files {
            if let name = file.variable, file.render(values) != nil {
                variables.append(.init(name, InjectedNames.file(file.name, of: endpoint.name)))
            }
        }
        return variables
    }

    /// The files, each name once. A configured file replaces that of the plugin.
    func files() throws(AdmissionDenial) -> [InjectedFile] {
        var files = injection.files.map { InjectedFile(endpoint: endpoint.name, name: $0.name, contents: $0.contents) }
        for template in endpoint.injector.files {
            let used = Set(template.names)
            guard let contents = template.render(values) else { continue }
            guard values.allSatisfy({ !used.contains($0.key) || Self.isOneLine($0.value) }) else {
                throw denial(template.names, "the file \(template.name)", "values of one line")
            }
            files.removeAll { $0.name == template.name }
            files.append(InjectedFile(endpoint: endpoint.name, name: template.name, contents: contents))
        }
        for file in files
        where file.contents.utf8.count > PodInjection.File.maximumLength || !PodInjection.File.isName(file.name) {
            throw AdmissionDenial(
                .forbidden,
                "the file \(file.name) of the endpoint \(endpoint.name) is longer than "
                    + "\(PodInjection.File.maximumLength) bytes, or has an invalid name; use a shorter annotation")
        }
        return files
    }

    private func denial(_ names: [String], _ place: String, _ expected: String) -> AdmissionDenial {
        let source = names.contains("annotation") ? "the annotation" : "the configuration"
        return AdmissionDenial(
            .forbidden,
            "invalid value of \(place) for the endpoint \(endpoint.name); expected \(expected): correct \(source)")
    }

    /// Whether the text has no control character and no line or paragraph separator.
    private static func isOneLine(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
    }
}
