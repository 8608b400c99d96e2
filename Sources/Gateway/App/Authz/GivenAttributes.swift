import GatewayCore
import GatewayPluginAPI

/// Attributes of a workload as the command line has them.
struct GivenAttributes {
    /// By name in lower case; one or more values, and only `groups` has more.
    private var values: [String: [String]] = [:]
    /// Labels and annotations.
    private var metadata: [MetadataAttribute: String] = [:]

    /// - Parameter options: each `name=value`.
    init(_ options: [String]) throws(AuthzQuestion.NotUnderstood) {
        for option in options {
            // By code units: a character may be "=" with a combining mark.
            guard let separator = option.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                throw .init("--attribute: \"\(option)\" has no \"=\"; write it as namespace=a")
            }
            let name = option[..<separator].lowercased()
            let value = String(option[option.utf8.index(after: separator)...])
            if let attribute = MetadataAttribute(named: String(option[..<separator])) {
                // An empty one is a value.
                guard metadata.updateValue(value, forKey: attribute) == nil else {
                    throw .init("--attribute: \(attribute) is given twice; only groups has several values")
                }
                continue
            }
            guard WorkloadAttributes.names.contains(name) else {
                throw .init("--attribute: \(AccessRuleError.unknownAttributes([String(option[..<separator])]))")
            }
            guard !value.isEmpty else {
                throw .init("--attribute: \(name) is empty; leave it out, and it is absent")
            }
            guard values[name] == nil || name == "groups" else {
                throw .init("--attribute: \(name) is given twice; only groups has several values")
            }
            values[name, default: []].append(value)
        }
        try readUsername()
    }

    /// `system:serviceaccount:<namespace>:<name>` says both names, and may not contradict them.
    private mutating func readUsername() throws(AuthzQuestion.NotUnderstood) {
        guard let username = one("username") else { return }
        let parts = username.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount", !parts[2].isEmpty,
            !parts[3].isEmpty
        else {
            throw .init(
                "--attribute: username \"\(username)\" is no ServiceAccount's; "
                    + "write system:serviceaccount:NAMESPACE:NAME")
        }
        for (name, part) in [("namespace", parts[2]), ("saname", parts[3])] {
            guard one(name) ?? part == part else {
                throw .init("--attribute: \(name) is not the one in username; give one of both")
            }
            values[name] = [part]
        }
    }

    /// - Parameters:
    ///   - cluster: where none is given.
    ///   - endpoint: where none is given.
    func attributes(cluster: String?, endpoint: String?) -> WorkloadAttributes {
        func object(_ kind: String) -> WorkloadIdentity.ObjectReference? {
            let (name, uid) = (one("\(kind)-name"), one("\(kind)-uid"))
            // An empty name is an absent one.
            return name == nil && uid == nil ? nil : .init(name: name ?? "", uid: uid)
        }
        let identity = WorkloadIdentity(
            cluster: one("cluster") ?? cluster ?? "",
            namespace: one("namespace") ?? "",
            serviceAccount: .init(name: one("saname") ?? "", uid: one("uid")),
            pod: object("pod"),
            node: object("node"),
            groups: values["groups"] ?? [],
            credentialID: one("credential-id"))
        return WorkloadAttributes(
            identity, endpoint: one("endpoint") ?? endpoint ?? "",
            metadata: WorkloadMetadata(
                namespace: readObject(labels: .namespaceLabel, annotations: nil),
                serviceAccount: readObject(labels: .serviceAccountLabel, annotations: .serviceAccountAnnotation)))
    }

    /// As if it had been read, so that what is not given is absent.
    private func readObject(
        labels: MetadataAttribute.Kind, annotations: MetadataAttribute.Kind?
    ) -> WorkloadMetadata.Object {
        func values(_ kind: MetadataAttribute.Kind?) -> [String: String] {
            var values: [String: String] = [:]
            for (attribute, value) in metadata where attribute.kind == kind { values[attribute.key] = value }
            return values
        }
        return WorkloadMetadata.Object(uid: one("uid") ?? "", labels: values(labels), annotations: values(annotations))
    }

    private func one(_ name: String) -> String? { values[name]?.first }
}
