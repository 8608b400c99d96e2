import GatewayPluginAPI
import JSON

/// Reads the claims that a configuration adds: `token.claims`, and OpenUnison's `additionalAttributes`.
struct ClaimsReader {
    let endpoint: BlockReader
    let token: BlockReader
    let metadata: MetadataNeeds

    func read() -> [EndpointConfiguration.TokenPolicy.Claim] {
        var claims = additionalAttributes()
        guard let node = token["claims"] else { return claims }
        guard case .mapping(let members, _) = node else {
            token.mismatch("claims", node)
            return claims
        }
        for claim in members.compactMap({ claim($0, at: token.path("claims")) }) {
            if claims.contains(where: { $0.name == claim.name }) {
                token.error("claims", #""\#(claim.name)" is among additionalAttributes already; leave one of them out"#)
            } else {
                claims.append(claim)
            }
        }
        return claims
    }

    /// A list of attributes, whose names are the claims' too; or a mapping as `token.claims`.
    private func additionalAttributes() -> [EndpointConfiguration.TokenPolicy.Claim] {
        let key = "additionalAttributes"
        switch endpoint[key] {
        case .none: return []
        case .some(.mapping(let members, _)): return members.compactMap { claim($0, at: endpoint.path(key)) }
        case .some(.sequence(let nodes, _)):
            return nodes.enumerated().compactMap { index, node in
                let place = "\(endpoint.path(key))[\(index)]"
                guard case .scalar(let name, _, _) = node, isKnown(name, at: place, line: node.line) else {
                    if case .scalar = node {} else { refuse(node, at: place, "write the name of an attribute") }
                    return nil
                }
                // Every token has these already.
                guard !PrivateClaims.reservedNames.contains(name) else { return nil }
                return .init(name: name, source: .attribute(name))
            }
        case .some(let node):
            endpoint.mismatch(key, node)
            return []
        }
    }

    private func claim(
        _ member: ConfigurationNode.Member, at keyPath: String
    ) -> EndpointConfiguration.TokenPolicy.Claim? {
        let place = "\(keyPath).\(member.key)"
        guard !member.key.isEmpty, !PrivateClaims.reservedNames.contains(member.key) else {
            token.problems.error(
                at: place, line: member.value.line, "is a claim that the gateway itself sets; name it otherwise")
            return nil
        }
        guard !member.value.isNull else {
            token.problems.error(
                at: place, line: member.value.line, "has no value; write one, or {attribute: NAME}")
            return nil
        }
        guard case .mapping(let inner, _) = member.value, inner.count == 1, inner[0].key == "attribute" else {
            return .init(name: member.key, source: .value(JSONValue(member.value)))
        }
        guard case .scalar(let name, _, _) = inner[0].value else {
            refuse(inner[0].value, at: "\(place).attribute", "write the name of an attribute")
            return nil
        }
        guard isKnown(name, at: "\(place).attribute", line: inner[0].value.line) else { return nil }
        return .init(name: member.key, source: .attribute(name))
    }

    private func isKnown(_ attribute: String, at keyPath: String, line: Int) -> Bool {
        if WorkloadAttributes.names.contains(attribute.lowercased()) { return true }
        if let attribute = MetadataAttribute(named: attribute) {
            guard let refusal = metadata.refusal(of: [attribute]) else { return true }
            token.problems.error(at: keyPath, line: line, refusal)
            return false
        }
        let names = WorkloadAttributes.names
        let nearest = SpellingSuggestion.nearest(to: attribute, among: names)
        let hint =
            nearest.map { #"did you mean "\#($0)"?"# }
            ?? "write \(ConfigurationShape.choice(names + MetadataAttribute.forms).wanted)"
        token.problems.error(
            at: keyPath, line: line, "\(QuotedValue.text(attribute, at: keyPath)) is no attribute; \(hint)")
        return false
    }

    private func refuse(_ node: ConfigurationNode, at keyPath: String, _ hint: String) {
        token.problems.error(
            at: keyPath, line: node.line, "\(QuotedValue.text(node, at: keyPath)) does not fit; \(hint)")
    }
}
