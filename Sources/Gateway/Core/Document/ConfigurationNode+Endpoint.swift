package import JSON

extension ConfigurationNode {
    /// A node of a JSON value; strings are quoted scalars.
    package init(json: JSONValue) {
        switch json {
        case .object(let members):
            self = .mapping(members.map { Member(key: $0.name, value: ConfigurationNode(json: $0.value)) }, line: 0)
        case .array(let values): self = .sequence(values.map(ConfigurationNode.init(json:)), line: 0)
        case .string(let text): self = .scalar(text, isPlain: false, line: 0)
        default: self = .scalar(json.text, isPlain: true, line: 0)
        }
    }

    /// The value of a mapping's member.
    package subscript(_ key: String) -> ConfigurationNode? {
        guard case .mapping(let members, _) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The endpoints of the file, as written.
    package var endpointNodes: [ConfigurationNode] {
        guard case .sequence(let endpoints, _) = self["sts"]?["endpoints"] else { return [] }
        return endpoints
    }

    /// The name of an endpoint's node.
    package var endpointName: String? {
        guard case .scalar(let name, _, _) = self["name"] else { return nil }
        return name
    }

    /// The same document with each endpoint changed by the function.
    package func mappingEndpoints(_ change: (ConfigurationNode) -> ConfigurationNode) -> ConfigurationNode {
        guard let sts = self["sts"], case .sequence(let endpoints, let line) = sts["endpoints"] else { return self }
        return setting("sts", sts.setting("endpoints", .sequence(endpoints.map(change), line: line)))
    }

    /// The same document with the endpoint of that name changed by the function; nil where there is none.
    package func settingEndpoint(
        _ name: String, _ change: (ConfigurationNode) -> ConfigurationNode
    ) -> ConfigurationNode? {
        guard endpointNodes.contains(where: { $0.endpointName == name }) else { return nil }
        return mappingEndpoints { $0.endpointName == name ? change($0) : $0 }
    }

    /// The same mapping with the member replaced or appended.
    package func setting(_ key: String, _ value: ConfigurationNode) -> ConfigurationNode {
        guard case .mapping(var members, let line) = self else {
            return .mapping([Member(key: key, value: value)], line: 0)
        }
        if let index = members.firstIndex(where: { $0.key == key }) {
            members[index] = Member(key: key, value: value)
        } else {
            members.append(Member(key: key, value: value))
        }
        return .mapping(members, line: line)
    }

    /// The same mapping with the member, unless it exists; members of a mapping are inserted into the existing one.
    package func inserting(_ key: String, _ value: ConfigurationNode) -> ConfigurationNode {
        guard let existing = self[key], !existing.isNull else { return setting(key, value) }
        guard case .mapping(let members, _) = value, case .mapping = existing else { return self }
        return setting(key, members.reduce(existing) { $0.inserting($1.key, $1.value) })
    }
}
