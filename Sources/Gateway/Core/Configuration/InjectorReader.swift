import GatewayPluginAPI

/// Reads an endpoint's `injector` block.
struct InjectorReader {
    private let block: ConfigurationBlock<InjectorKeys>
    private let defaults: EndpointDefaults.Injector?
    private let preset: Preset?
    /// The endpoint's scalar settings, which are placeholders.
    private let values: [String: String]
    /// The names of the preset's settings, also of those that the endpoint does not have.
    private let settingNames: [String]

    init(_ endpoint: ConfigurationBlock<EndpointKeys>, profile: RelyingPartyProfile?, settings: PresetSettings) {
        block = endpoint.injector
        defaults = profile?.defaults.injector
        preset = profile?.preset
        settingNames = (profile?.preset?.settings ?? []).map(\.name)
        values = Self.values(endpoint.settings).merging(settings.values) { _, preset in preset }
    }

    func read() -> EndpointConfiguration.Injector? {
        let (label, token, value) = (block.label, block.tokenVariable, block.valueVariable)
        let (trust, annotation) = (block.explicitCertificateTrust, block.annotation)
        var (variables, files) = (variables(), files())
        guard let defaults else { return nil }
        addPreset(&variables, &files)
        var injector = EndpointConfiguration.Injector(
            label: label ?? defaults.label, annotation: annotation ?? defaults.annotation,
            tokenVariable: token ?? defaults.tokenVariable, valueVariable: value ?? defaults.valueVariable,
            explicitCertificateTrust: trust, options: defaults.options,
            exclusiveVariables: defaults.exclusiveVariables, variables: variables, files: files,
            conflicts: (preset?.conflicts ?? []).map { .init(anyOf: $0.variables, advice: $0.advice) }, values: values)
        if let token = injector.tokenVariable, injector.valueVariable == token {
            let other = block.value(of: \.tokenVariable).keyPath
            block.error(\.valueVariable, "duplicate of \(other) (\"\(token)\"); use a different variable")
            injector.valueVariable = nil
        }
        checkDuplicates(in: injector)
        return injector
    }

    /// Adds what the preset has and the block does not set.
    private func addPreset(_ variables: inout [VariableTemplate], _ files: inout [FileTemplate]) {
        var taken = Set(variables.map(\.name) + files.compactMap(\.variable))
        for name in [block.tokenVariable, block.valueVariable] { taken.formUnion([name].compactMap(\.self)) }
        for (name, value) in (preset?.variables ?? [:]).sorted(by: { $0.key < $1.key }) where !taken.contains(name) {
            variables.append(VariableTemplate(name: name, value: InjectionTemplate(value)))
        }
        for file in preset?.files ?? [] where !files.contains(where: { $0.name == file.name }) {
            if let template = try? PresetTable.template(of: file) { files.append(template) }
        }
    }

    private func checkDuplicates(in injector: EndpointConfiguration.Injector) {
        var taken = Set([injector.tokenVariable, injector.valueVariable].compactMap(\.self))
        for variable in injector.variables where !taken.insert(variable.name).inserted {
            block.error(\.variables, "\(variable.name) is already set by this block; use a different variable")
        }
        var names: Set<String> = []
        for file in injector.files {
            if let name = file.variable, !taken.insert(name).inserted {
                block.error(\.files, "\(name) is already set by this block; use a different variable")
            }
            if !names.insert(file.name).inserted {
                block.error(\.files, "duplicate name \"\(file.name)\"; use a different name")
            }
        }
    }

    private func variables() -> [VariableTemplate] {
        guard case .mapping(let members, _) = block.variables else { return [] }
        let place = block.value(of: \.variables).keyPath
        return members.compactMap { member in
            let value = ConfigurationValue(
                node: member.value, keyPath: "\(place).\(member.key)", line: member.value.line, problems: block.problems
            )
            guard ConfigurationType<String>.variable.read(value.naming(member.key)) != nil else { return nil }
            guard case .scalar(let text, _, _) = member.value, !text.isEmpty,
                text.utf8.count <= VariableTemplate.maximumLength
            else {
                return value.invalid(expected: "one line of 1 to \(VariableTemplate.maximumLength) bytes")
            }
            let template = InjectionTemplate(text)
            guard isKnown(template.names, value) else { return nil }
            return VariableTemplate(name: member.key, value: template)
        }
    }

    private func files() -> [FileTemplate] {
        let blocks = block.files ?? []
        if blocks.count > PodInjection.File.maximumCount {
            block.error(
                \.files, "\(blocks.count) files; expected at most \(PodInjection.File.maximumCount)")
        }
        return blocks.compactMap { block in
            let (name, contents, format, variable) = (block.name, block.contents, block.format, block.variable)
            guard let name, let contents else { return nil }
            do {
                let file = try FileTemplate(
                    name: name, format: format ?? FileTemplate.Format(fileName: name), contents: contents,
                    variable: variable)
                return isKnown(file.names, block.value(of: \.contents)) ? file : nil
            } catch {
                block.error(\.contents, "\(error)")
                return nil
            }
        }
    }

    private func isKnown(_ names: [String], _ value: ConfigurationValue) -> Bool {
        let known = InjectionTemplate.placeholders + Set(Array(values.keys) + settingNames).sorted()
        guard let unknown = names.first(where: { !known.contains($0) }) else { return true }
        let nearest = SpellingSuggestion.nearest(to: unknown, among: known)
        value.error(
            "unknown placeholder {\(unknown)}; "
                + (nearest.map { "did you mean {\($0)}?" } ?? "expected \(known.map { "{\($0)}" }.asChoice)"))
        return false
    }

    /// The scalars of a `settings` block, except those whose names suggest a secret.
    private static func values(_ settings: ConfigurationNode?) -> [String: String] {
        guard case .mapping(let members, _) = settings else { return [:] }
        var values: [String: String] = [:]
        for member in members where !QuotedValue.isSecret(member.key) {
            if case .scalar(let text, _, _) = member.value, !member.value.isNull { values[member.key] = text }
        }
        return values
    }
}

extension ConfigurationValue {
    /// A value for the check of a mapping's key.
    fileprivate func naming(_ key: String) -> ConfigurationValue {
        ConfigurationValue(
            node: .scalar(key, isPlain: false, line: line), keyPath: keyPath, line: line, problems: problems)
    }
}
