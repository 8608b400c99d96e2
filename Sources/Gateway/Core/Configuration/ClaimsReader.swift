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

    /// A list of attributes, which become claims of the same name; or a mapping as `token.claims`.
    private func additionalAttributes() -> [EndpointConfiguration.TokenPolicy.Claim] {
        let keyPath = endpoint.value(of: \.additionalAttributes).keyPath
        switch endpoint.additionalAttributes {
        case .some(.mapping(let members, _)): return members.compactMap { claim($0, at: keyPath) }
        case .some(.sequence(let nodes, _)):
            return nodes.enumerated().compactMap { index, node in
                let place = "\(keyPath)[\(index)]"
                guard case .scalar(let name, _, _) = node, isKnown(name, at: place, line: node.line) else {
                    if case .scalar = node {} else { reject(node, at: place) }
                    return nil
                }
                // Every token has these claims.
                guard !PrivateClaims.reservedNames.contains(name) else { return nil }
                return .init(name: name, source: .attribute(name))
            }
        default: return []
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
        guard case .mapping(let inner, _) = member.value, inner.count == 1, inner[0].key.isExactly("attribute") else {
            return .init(name: member.key, source: .value(JSONValue(member.value)))
        }
        guard case .scalar(let name, _, _) = inner[0].value else {
            reject(inner[0].value, at: "\(place).attribute")
            return nil
        }
        guard isKnown(name, at: "\(place).attribute", line: inner[0].value.line) else { return nil }
        return .init(name: member.key, source: .attribute(name))
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
