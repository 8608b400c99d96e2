import GatewayPluginAPI
import JSON

/// The expressions of one endpoint in the admission policies.
struct PolicyEndpoint {
    /// A variable that containers get.
    struct Variable {
        let name: String
        /// A string expression: the value, escaped for Kubernetes.
        let value: String
        /// Beside that of the endpoint; nil for none.
        let condition: String?
        let unlessSet: [String]
    }

    /// A file beside the token file.
    struct File {
        /// Below the tokens' folder.
        let path: String
        /// A string expression: the content as the inner part of a JSON string, without dollar signs.
        let contents: String
        /// Beside that of the endpoint; nil for none.
        let condition: String?
    }

    let endpoint: EndpointConfiguration
    /// The key of the label and the annotation.
    let key: String
    private let rules: InjectionRules

    var name: String { endpoint.name }
    /// Whether the Pod requests the endpoint and has what it needs for that.
    let isRequested: String
    /// Whether the Pod has the label.
    var isLabeled: String { "(\(CEL.text(key)) in variables.labels && variables.labels[\(CEL.text(key))] != 'false')" }
    /// The annotation; empty where the Pod has none.
    let annotation: String
    /// The lifetime of tokens that the Pod requests in seconds: 0 for none, -1 where it is not valid.
    let lifetime: String
    /// The list of ``offeredDefinition``.
    let offered: String
    /// The list of ``fileEntriesDefinition``.
    let fileEntries: String

    init(_ endpoint: EndpointConfiguration, _ rules: InjectionRules, index: Int, _ policy: InjectionPolicy) {
        self.endpoint = endpoint
        self.rules = rules
        key = policy.key(endpoint.injector.label)
        isRequested = "variables.requested\(index)"
        annotation = "variables.annotation\(index)"
        lifetime = "variables.lifetime\(index)"
        offered = "variables.offered\(index)"
        fileEntries = "variables.files\(index)"
    }

    /// The definition of ``isRequested``.
    var requestedDefinition: String {
        endpoint.injector.annotation == .optional ? isLabeled : "\(isLabeled) && \(annotation) != ''"
    }

    private static let lifetimeOption = "lifetime"
    private static let durations = "[0-9]{1,10}[dhms]?"

    /// The definition of ``lifetime``: a ``ConfigurationDuration``.
    var lifetimeDefinition: String {
        let text = option(Self.lifetimeOption)
        let number = "int(\(text).matches('^[0-9]+$') ? \(text) : \(text).substring(0, \(text).size() - 1))"
        let unit =
            "(\(text).endsWith('d') ? 86400 : \(text).endsWith('h') ? 3600 : \(text).endsWith('m') ? 60 : 1)"
        return "\(text) == '' ? 0 : (\(CEL.matches(text, pattern: Self.durations)) ? \(number) * \(unit) : -1)"
    }

    func option(_ name: String) -> String {
        "variables.annotations[?\(CEL.text("\(key)-\(name)"))].orValue('')"
    }

    private func text(_ text: InjectionRules.Text) -> RuleText {
        RuleText(text, of: endpoint.name, annotation: annotation, option: option)
    }

    // MARK: Conditions on the Pod

    /// Expressions that must be true, each with what the Pod's author reads otherwise.
    var conditions: [(expression: String, message: String)] {
        var conditions: [(String, String)] = []
        func add(_ expression: String, _ message: String) {
            conditions.append(("!\(isRequested) || \(expression)", message))
        }
        let maximum = min(endpoint.limits.subjectLength, SubjectTemplate.maximumLength)
        add(
            "\(subjectLength) <= \(maximum)",
            "the subject of tokens of \(name) for the Pod's ServiceAccount is too long, since the relying party accepts "
                + "\(maximum) bytes; use shorter names, or let the gateway's operator set a shorter token.subject")
        if rules.requiresAnnotation {
            add("\(annotation) != ''", "\(key): missing annotation; add it to the Pod")
        }
        let form =
            rules.annotation ?? .init(pattern: "[^\\pC\\p{Zl}\\p{Zp}]*", maximumLength: 4_096, expected: "one line")
        add(
            "\(annotation) == '' || \(CEL.matches(annotation, pattern: form.pattern, maximumLength: form.maximumLength))",
            "\(key): invalid annotation; expected \(form.expected)")
        for (name, form) in rules.options.sorted(by: { $0.key < $1.key }) {
            let option = option(name)
            add(
                "\(option) == '' || \(CEL.matches(option, pattern: form.pattern, maximumLength: form.maximumLength))",
                "\(key)-\(name): invalid annotation; expected \(form.expected)")
        }
        let lifetimes = RequestedInjections.lifetimes(of: endpoint)
        add(
            "\(option(Self.lifetimeOption)) == '' || "
                + "(\(lifetime) >= \(lifetimes.lowerBound) && \(lifetime) <= \(lifetimes.upperBound))",
            "\(key)-\(Self.lifetimeOption): \(RequestedInjections.expected(lifetimes))")
        for match in rules.matches {
            let (option, expected) = (option(match.option), match.expected)
            add(
                "\(option) == '' || \(annotation) == '' || !\(CEL.matches(option, pattern: match.optionPattern)) || "
                    + CEL.matches(annotation, pattern: match.annotationPattern),
                "\(key): invalid annotation; expected \(expected)")
        }
        return conditions
    }

    /// The length of the tokens' subject, as ``SubjectTemplate/render(cluster:namespace:serviceAccount:)`` makes it. Names
    /// are ASCII.
    private var subjectLength: String {
        var length = 0
        var names: [String] = []
        for part in endpoint.token.subject.parts {
            switch part {
            case .text(let text): length += text.utf8.count
            case .placeholder(.cluster): length += endpoint.endpoint.cluster.utf8.count
            case .placeholder(.namespace): names.append("request.namespace.size()")
            case .placeholder(.saname): names.append("variables.serviceAccount.size()")
            }
        }
        return (["\(length)"] + names).joined(separator: " + ")
    }

    // MARK: Additions

    /// The definition of ``offered``: a list of the variables, `{name, value, unless}`.
    var offeredDefinition: String {
        list(
            variables.map { variable in
                let element = CEL.object([
                    ("name", CEL.text(variable.name)), ("value", variable.value),
                    ("unless", CEL.texts(variable.unlessSet)),
                ])
                return (variable.condition, "[\(element)]")
            })
    }

    /// The definition of ``fileEntries``: a list of the members of `STS_FILES`.
    var fileEntriesDefinition: String {
        list(
            files.map { file in
                (file.condition, "[\(CEL.joined([CEL.text("\"\(file.path)\":\""), file.contents, "'\"'"]))]")
            })
    }

    private func list(_ parts: [(condition: String?, elements: String)]) -> String {
        let lists = parts.map { part in part.condition.map { "(\($0) ? \(part.elements) : [])" } ?? part.elements }
        return "\(isRequested) ? \(CEL.sum(lists[...])) : []"
    }

    /// The variables, in order of precedence.
    var variables: [Variable] {
        let injector = endpoint.injector
        var variables: [Variable] = []
        func add(_ name: String, _ value: RuleText, unless: [String] = [], _ condition: String? = nil) {
            variables.removeAll { $0.name == name }
            variables.append(
                Variable(
                    name: name, value: Self.escaped(value), condition: condition, unlessSet: unless))
        }
        if let name = injector.tokenVariable { add(name, .init(literal: InjectedNames.tokenFile(endpoint.name))) }
        if let name = injector.valueVariable, let value = rules.value {
            add(name, text(value), "\(text(value).expression()) != ''")
        }
        for variable in rules.environment {
            add(
                variable.name, text(variable.value), unless: variable.unlessSet,
                variable.option.map { "\(option($0)) != ''" })
        }
        for file in rules.files {
            if let name = file.variable { add(name, .init(literal: InjectedNames.file(file.name, of: endpoint.name))) }
        }
        for template in injector.variables {
            guard let value = text(template.value.pieces) else { continue }
            add(template.name, value, needsAnnotation(template.value.names))
        }
        for file in injector.files {
            if let name = file.variable {
                add(
                    name, .init(literal: InjectedNames.file(file.name, of: endpoint.name)),
                    needsAnnotation(file.names))
            }
        }
        return variables
    }

    private func needsAnnotation(_ names: [String]) -> String? {
        names.contains("annotation") ? "\(annotation) != ''" : nil
    }

    private static func escaped(_ value: RuleText) -> String {
        // After a literal that ends in "$", a name cannot begin an expansion.
        guard !value.isOfNames else { return value.escaped(EnvironmentVariableValue.escaped, { $0 }).expression() }
        return CEL.escapedVariable(value.expression())
    }

    /// The files, each name once. A configured file replaces that of the plugin.
    var files: [File] {
        var files: [(name: String, contents: RuleText, condition: String?)] = rules.files.map {
            ($0.name, text($0.contents), nil)
        }
        for template in endpoint.injector.files {
            guard let contents = text(template.pieces) else { continue }
            files.removeAll { $0.name == template.name }
            files.append((template.name, contents, needsAnnotation(template.names)))
        }
        return files.map { file in
            let contents = file.contents.json.escaped(Self.withoutDollar) { "\($0).replace('$', '\\\\u0024')" }
            return File(
                path: "\(endpoint.name)/\(file.name)", contents: contents.expression(), condition: file.condition)
        }
        .sorted { $0.path < $1.path }
    }

    private static func withoutDollar(_ text: String) -> String {
        text.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "\\u0024")
    }

    /// The text of a template; nil where a placeholder has no value for any Pod.
    private func text(_ pieces: [InjectionTemplate.Piece]) -> RuleText? {
        var parts: [RuleText.Part] = []
        for piece in pieces {
            switch piece {
            case .text(let text): parts.append(.literal(text))
            case .placeholder(let name, let isQuoted):
                guard let value = value(name) else { return nil }
                parts += isQuoted ? value.json.parts : value.parts
            }
        }
        return RuleText(parts)
    }

    private func value(_ placeholder: String) -> RuleText? {
        switch placeholder {
        case "annotation": RuleText([.computed(annotation)])
        case "namespace": RuleText([.name("request.namespace")])
        case "saname": RuleText([.name("variables.serviceAccount")])
        default: constant(placeholder).map(RuleText.init(literal:))
        }
    }

    private func constant(_ name: String) -> String? {
        switch name {
        case "cluster": endpoint.endpoint.cluster
        case "endpoint": endpoint.name
        case "audience": endpoint.endpoint.audiences.first
        case "issuer": endpoint.issuer.url
        case "tokenFile": InjectedNames.tokenFile(endpoint.name)
        default: endpoint.injector.values[name]
        }
    }
}
