import GatewayCore
import GatewayPluginAPI

/// The attributes of a workload on the command line.
struct GivenAttributes {
    /// Values by name in lower case; only `groups` has several.
    private var values: [String: [String]] = [:]
    /// Labels and annotations.
    private var metadata: [MetadataAttribute: String] = [:]

    /// - Parameter options: arguments of the form `name=value`.
    init(_ options: [String]) throws(AuthzQuestion.InputError) {
        for option in options {
            // By code units: a character may be "=" with a combining mark.
            guard let separator = option.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                throw .init("--attribute: \"\(option)\" has no \"=\"; expected name=value, such as namespace=a")
            }
            let name = option[..<separator].lowercased()
            let value = String(option[option.utf8.index(after: separator)...])
            if let attribute = MetadataAttribute(named: String(option[..<separator])) {
                // An empty label is a value.
                guard metadata.updateValue(value, forKey: attribute) == nil else {
                    throw .init("--attribute: duplicate \(attribute); only groups has several values")
                }
                continue
            }
            guard WorkloadAttributes.names.contains(name) else {
                throw .init("--attribute: \(AccessRuleError.unknownAttributes([String(option[..<separator])]))")
            }
            guard !value.isEmpty else {
                throw .init("--attribute: \(name) is empty; remove it for an absent attribute")
            }
            guard values[name] == nil || name == "groups" else {
                throw .init("--attribute: duplicate \(name); only groups has several values")
            }
            values[name, default: []].append(value)
        }
        try readUsername()
    }

    /// Derives namespace and name from `system:serviceaccount:<namespace>:<name>`.
    ///
    /// - Throws: where they differ from those on the command line.
    private mutating func readUsername() throws(AuthzQuestion.InputError) {
        guard let username = one("username") else { return }
        let parts = username.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount", !parts[2].isEmpty,
            !parts[3].isEmpty
        else {
            throw .init(
                "--attribute: invalid username \"\(username)\"; "
                    + "expected system:serviceaccount:NAMESPACE:NAME")
        }
        for (name, part) in [("namespace", parts[2]), ("saname", parts[3])] {
            guard one(name) ?? part == part else {
                throw .init("--attribute: \(name) differs from the one in username; remove one of them")
            }
            values[name] = [part]
        }
    }

    /// - Parameters:
    ///   - cluster: the default for the attribute `cluster`.
    ///   - endpoint: the default for the attribute `endpoint`.
    func attributes(cluster: String?, endpoint: String?) -> WorkloadAttributes {
        func object(_ kind: String) -> WorkloadIdentity.ObjectReference? {
            let (name, uid) = (one("\(kind)-name"), one("\(kind)-uid"))
            // An empty name counts as absent.
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

    /// Returns an object with the given labels and annotations; others are absent.
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
