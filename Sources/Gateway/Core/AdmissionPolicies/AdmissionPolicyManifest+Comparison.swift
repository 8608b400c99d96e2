package import JSON

// What may be replaced in the cluster, and when.

extension AdmissionPolicyManifest {
    private static let instanceLabel = "app.kubernetes.io/instance"
    private static let versionLabel = "app.kubernetes.io/version"
    /// The label of objects that the leader has written, and may delete.
    private static let managerLabel = "app.kubernetes.io/managed-by"
    private static let manager = "sts-gateway"
    /// Members of a spec that restrict a policy, and that the manifest does not have.
    private static let restrictions = ["matchResources", "paramKind", "paramRef"]

    /// The object as the leader writes it.
    ///
    /// - Parameter owner: an element of `ownerReferences`.
    package static func managed(_ object: JSONValue, owner: JSONValue?) -> JSONValue {
        let metadata = (object["metadata"]?.memberList ?? []).map { member in
            guard member.name == "labels" else { return member }
            return .init("labels", .object(member.value.memberList + [.init(managerLabel, .string(manager))]))
        }
        let references: [JSONValue.Member] = owner.map { [.init("ownerReferences", [$0])] } ?? []
        return .object(
            object.memberList.map { $0.name == "metadata" ? .init("metadata", .object(metadata + references)) : $0 })
    }

    /// Whether a leader has written the object, of this version or an older one.
    package static func isManaged(_ found: JSONValue, instance: String, version: String) -> Bool {
        let labels = found["metadata"]?["labels"]
        return labels?[managerLabel]?.stringValue == manager && labels?[instanceLabel]?.stringValue == instance
            && !isNewer(labels?[versionLabel]?.stringValue ?? "", than: version)
    }

    /// Why an object in the cluster is not replaced: it is another gateway's, or that of a newer version. nil where it may
    /// be replaced.
    package static func reasonToKeep(_ found: JSONValue, instead wanted: JSONValue) -> String? {
        let labels = found["metadata"]?["labels"]
        let wantedLabels = wanted["metadata"]?["labels"]
        guard labels?[instanceLabel] == wantedLabels?[instanceLabel] else {
            return "it is not an object of this gateway (label \(instanceLabel)); delete it, or use another name"
        }
        guard
            isNewer(labels?[versionLabel]?.stringValue ?? "", than: wantedLabels?[versionLabel]?.stringValue ?? "")
        else { return nil }
        return "it was written by a newer version of the gateway; it stays"
    }

    /// The first member that differs; nil where there is none. Defaults that the API server adds do not count. Which Pods
    /// match must be exactly the same: a selector that only the found object has may exclude every Pod.
    package static func difference(of found: JSONValue, from wanted: JSONValue) -> String? {
        func part(_ object: JSONValue) -> JSONValue {
            let members = ["labels", "ownerReferences"].compactMap { name in
                object["metadata"]?[name].map { JSONValue.Member(name, $0) }
            }
            return .object(members + [.init("spec", object["spec"] ?? [:])])
        }
        func constraints(_ object: JSONValue) -> JSONValue { ["spec": .object(Self.constraints(object))] }
        return InjectedContent.difference(part(found), from: part(wanted))
            ?? InjectedContent.difference(constraints(wanted), from: constraints(found))
            ?? added(to: found, wanted).map { "spec.\($0)" }.first
    }

    private static func constraints(_ object: JSONValue) -> [JSONValue.Member] {
        (object["spec"]?.memberList ?? []).filter { $0.name == "matchConstraints" }
    }

    /// The merge patch (RFC 7396) that removes the differences.
    package static func patch(of found: JSONValue, to wanted: JSONValue, version: String) -> JSONValue {
        var metadata: [JSONValue.Member] = [
            .init("labels", wanted["metadata"]?["labels"] ?? [:]), .init("resourceVersion", .string(version)),
        ]
        if let owners = wanted["metadata"]?["ownerReferences"] { metadata.append(.init("ownerReferences", owners)) }
        let wantedMembers = (wanted["spec"]?.memberList ?? []).map { member in
            guard member.name == "matchConstraints" else { return member }
            return .init(member.name, replacement(of: found["spec"]?[member.name], by: member.value))
        }
        let spec = wantedMembers + added(to: found, wanted).map { .init($0, .null) }
        return .object([.init("metadata", .object(metadata)), .init("spec", .object(spec))])
    }

    /// The merge patch of a value that leaves nothing of the found one.
    private static func replacement(of found: JSONValue?, by wanted: JSONValue) -> JSONValue {
        guard case .object(let members) = wanted, case .object(let old)? = found else { return wanted }
        let removed = old.filter { wanted[$0.name] == nil }.map { JSONValue.Member($0.name, .null) }
        return .object(members.map { .init($0.name, replacement(of: found?[$0.name], by: $0.value)) } + removed)
    }

    private static func added(to found: JSONValue, _ wanted: JSONValue) -> [String] {
        restrictions.filter { found["spec"]?[$0] != nil && wanted["spec"]?[$0] == nil }
    }

    /// Why an object is not replaced, as ``reasonToKeep(_:instead:)`` says.
    package static func isOfNewerVersion(_ found: JSONValue, instead wanted: JSONValue) -> Bool {
        let label = { (object: JSONValue) in object["metadata"]?["labels"]?[versionLabel]?.stringValue ?? "" }
        return isNewer(label(found), than: label(wanted))
    }

    /// The CA certificates in PEM that a mutating policy gives to sidecars; nil where it gives none.
    package static func trust(of found: JSONValue) -> String? {
        let settings = (found["spec"]?["variables"]?.elementList ?? []).first { $0["name"] == "settings" }
        let beginning = "dyn('\(SidecarContainers.trustSetting)'), 'value': dyn("
        guard let text = settings?["expression"]?.stringValue, let range = text.firstRange(of: beginning) else {
            return nil
        }
        return CEL.text(literalAt: text[range.upperBound...])
    }

    /// Compares the numbers of versions such as `0.2.0`, one after the other.
    static func isNewer(_ version: String, than other: String) -> Bool {
        func numbers(_ text: String) -> [Int] {
            text.prefix { $0 != "-" && $0 != "+" }.split(separator: ".").map { Int($0) ?? 0 }
        }
        return other != version && numbers(other).lexicographicallyPrecedes(numbers(version))
    }
}
