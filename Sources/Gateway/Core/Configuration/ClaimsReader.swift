import GatewayPluginAPI
import JSON

/// Reads the additional claims of a configuration: `token.claims`, and OpenUnison's `additionalAttributes`.
struct ClaimsReader {
    let endpoint: ConfigurationBlock<EndpointKeys>
    let token: ConfigurationBlock<TokenKeys>
    let metadata: MetadataNeeds

    private var problems: ProblemList { endpoint.problems }

    func read() -> [EndpointConfiguration.TokenPolicy.Claim] {
        var claims = additionalAttributes()
        guard case .mapping(let members, _) = token.claims else { return claims }
        for claim in members.compactMap({ claim($0, at: token.value(of: \.claims).keyPath) }) {
            if claims.contains(where: { $0.name.isExactly(claim.name) }) {
                token.error(\.claims, "duplicate of additionalAttributes (\"\(claim.name)\"); remove one of them")
            } else {
                claims.append(claim)
            }
        }
        return claims
    }

    /// A list of attribute names or of OpenUnison's mappings; or a mapping as `token.claims`.
    private func additionalAttributes() -> [EndpointConfiguration.TokenPolicy.Claim] {
        let keyPath = endpoint.value(of: \.additionalAttributes).keyPath
        switch endpoint.additionalAttributes {
        case .some(.mapping(let members, _)): return members.compactMap { claim($0, at: keyPath) }
        case .some(.sequence(let nodes, _)):
            var claims: [EndpointConfiguration.TokenPolicy.Claim] = []
            for (index, node) in nodes.enumerated() {
                let place = "\(keyPath)[\(index)]"
                guard let claim = additionalAttribute(node, at: place) else { continue }
                if claims.contains(where: { $0.name.isExactly(claim.name) }) {
                    problems.error(at: place, line: node.line, "duplicate claim \"\(claim.name)\"; remove one of them")
                } else {
                    claims.append(claim)
                }
            }
            return claims
        default: return []
        }
    }

    private func additionalAttribute(
        _ node: ConfigurationNode, at place: String
    ) -> EndpointConfiguration.TokenPolicy.Claim? {
        switch node {
        case .scalar(let name, _, _):
            // Every token has the reserved claims.
            guard isKnown(name, at: place, line: node.line), !PrivateClaims.reservedNames.contains(name) else {
                return nil
            }
            return .init(name: name, source: .attribute(name))
        case .mapping(let members, _): return mapped(members, at: place, line: node.line)
        case .sequence:
            reject(node, at: place)
            return nil
        }
    }

    /// OpenUnison's mapping of an attribute: `{target: NAME, type: user, source: ATTRIBUTE}`.
    private func mapped(
        _ members: [ConfigurationNode.Member], at place: String, line: Int
    ) -> EndpointConfiguration.TokenPolicy.Claim? {
        let known = ["target", "type", "source"]
        var texts: [String: String] = [:]
        for member in members {
            guard known.contains(member.key) else {
                problems.unknownKey(at: place, member.key, line: member.value.line, known: known)
                return nil
            }
            if case .scalar(let text, _, _) = member.value, !member.value.isNull { texts[member.key] = text }
        }
        for name in known where texts[name] == nil {
            problems.error(at: "\(place).\(name)", line: line, "missing required key; expected a string")
            return nil
        }
        guard let target = texts["target"], let source = texts["source"] else { return nil }
        guard !target.isEmpty, !PrivateClaims.reservedNames.contains(target) else {
            problems.error(
                at: "\(place).target", line: line, "reserved claim, which the gateway sets; use a different name")
            return nil
        }
        let sourcePlace = "\(place).source"
        switch texts["type"] {
        case "static": return .init(name: target, source: .value(.string(source)))
        case "user":
            guard isKnown(source, at: sourcePlace, line: line) else { return nil }
            return .init(name: target, source: .attribute(source))
        case "composite":
            var isValid = true
            let template = ClaimTemplate(source, opening: "${") { name in
                if !isKnown(name, at: sourcePlace, line: line) { isValid = false }
                return true
            }
            guard isValid, isSingleValued(template, at: sourcePlace, line: line) else { return nil }
            return .init(name: target, source: .template(template))
        case "custom":
            problems.error(
                at: "\(place).type", line: line,
                "custom mappings are classes of OpenUnison and not supported; use type: user with "
                    + MetadataAttribute.forms.asChoice)
            return nil
        default:
            problems.error(
                at: "\(place).type", line: line,
                "invalid value \(QuotedValue.text(texts["type"] ?? "", at: place)); expected static, user or composite")
            return nil
        }
    }

    private func claim(
        _ member: ConfigurationNode.Member, at keyPath: String
    ) -> EndpointConfiguration.TokenPolicy.Claim? {
        let place = "\(keyPath).\(member.key)"
        guard !member.key.isEmpty, !PrivateClaims.reservedNames.contains(member.key) else {
            problems.error(
                at: place, line: member.value.line, "reserved claim, which the gateway sets; use a different name")
            return nil
        }
        guard !member.value.isNull else {
            problems.error(
                at: place, line: member.value.line, "missing value; expected any value or {attribute: NAME}")
            return nil
        }
        return source(member.value, at: place).map { .init(name: member.key, source: $0) }
    }

    /// A value of any type. `{attribute: NAME}` is an attribute at any depth, and a string may contain `{NAME}`.
    private func source(
        _ node: ConfigurationNode, at place: String
    ) -> EndpointConfiguration.TokenPolicy.Claim.Source? {
        switch node {
        case .mapping(let inner, _) where inner.count == 1 && inner[0].key.isExactly("attribute"):
            guard case .scalar(let name, _, _) = inner[0].value else {
                reject(inner[0].value, at: "\(place).attribute")
                return nil
            }
            guard isKnown(name, at: "\(place).attribute", line: inner[0].value.line) else { return nil }
            return .attribute(name)
        case .mapping(let inner, _):
            var members: [EndpointConfiguration.TokenPolicy.Claim] = []
            for member in inner {
                guard let source = source(member.value, at: "\(place).\(member.key)") else { return nil }
                members.append(.init(name: member.key, source: source))
            }
            return members.contains { !$0.source.isConstant } ? .object(members) : .value(JSONValue(node))
        case .sequence(let nodes, _):
            var elements: [EndpointConfiguration.TokenPolicy.Claim.Source] = []
            for (index, element) in nodes.enumerated() {
                guard let source = source(element, at: "\(place)[\(index)]") else { return nil }
                elements.append(source)
            }
            return elements.contains { !$0.isConstant } ? .array(elements) : .value(JSONValue(node))
        case .scalar(let text, _, _):
            let template = ClaimTemplate(text) { name in
                WorkloadAttributes.names.contains(name.lowercased()) || MetadataAttribute(named: name) != nil
            }
            guard !template.attributes.isEmpty else { return .value(JSONValue(node)) }
            guard template.attributes.allSatisfy({ isKnown($0, at: place, line: node.line) }),
                isSingleValued(template, at: place, line: node.line)
            else { return nil }
            return .template(template)
        }
    }

    private func isSingleValued(_ template: ClaimTemplate, at place: String, line: Int) -> Bool {
        guard template.attributes.contains(where: { $0.lowercased() == "groups" }) else { return true }
        problems.error(
            at: place, line: line, "groups has several values; use {attribute: groups} as a value of its own")
        return false
    }

    private func isKnown(_ attribute: String, at keyPath: String, line: Int) -> Bool {
        if WorkloadAttributes.names.contains(attribute.lowercased()) { return true }
        if let attribute = MetadataAttribute(named: attribute) {
            guard let problem = metadata.problem(of: [attribute]) else { return true }
            problems.error(at: keyPath, line: line, problem)
            return false
        }
        let names = WorkloadAttributes.names
        let nearest = SpellingSuggestion.nearest(to: attribute, among: names)
        let hint =
            nearest.map { #"did you mean "\#($0)"?"# }
            ?? "expected \((names + MetadataAttribute.forms).asChoice)"
        problems.error(
            at: keyPath, line: line, "unknown attribute \(QuotedValue.text(attribute, at: keyPath)); \(hint)")
        return false
    }

    private func reject(_ node: ConfigurationNode, at keyPath: String) {
        problems.error(
            at: keyPath, line: node.line,
            "invalid value \(QuotedValue.text(node, at: keyPath)); expected the name of an attribute")
    }
}

extension EndpointConfiguration.TokenPolicy.Claim.Source {
    fileprivate var isConstant: Bool {
        if case .value = self { true } else { false }
    }
}
