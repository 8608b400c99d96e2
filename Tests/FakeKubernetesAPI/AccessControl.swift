import Synchronization

/// The permissions of the client: everything that was not denied. Other ServiceAccounts have no permission on objects.
final class AccessControl: Sendable {
    private struct Rule: Hashable {
        let verb: String
        let resource: String
    }

    private let denied = Mutex<Set<Rule>>([])

    /// - Parameters:
    ///   - verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`; `*` for all.
    ///   - resource: the plural, with its subresource, or a path such as `/openid/v1/jwks`.
    func deny(_ verb: String, _ resource: String) {
        denied.withLock { _ = $0.insert(Rule(verb: verb, resource: resource)) }
    }

    func allow(_ verb: String, _ resource: String) {
        denied.withLock { _ = $0.remove(Rule(verb: verb, resource: resource)) }
    }

    func allows(_ verb: String, _ resource: String) -> Bool {
        denied.withLock { denied in
            !denied.contains(Rule(verb: verb, resource: resource))
                && !denied.contains(Rule(verb: "*", resource: resource))
        }
    }
}

extension APIStatus {
    static func forbidden(
        _ user: APIUser, _ verb: String, resource: String, group: String, namespace: String?, name: String?
    ) -> APIStatus {
        let subject = resource.split(separator: "/").first.map(String.init) ?? resource
        let qualified = group.isEmpty ? subject : "\(subject).\(group)"
        let what = name.map { "\(qualified) \"\($0)\"" } ?? qualified
        let place = namespace.map { "in the namespace \"\($0)\"" } ?? "at the cluster scope"
        return APIStatus(
            403, "Forbidden",
            "\(what) is forbidden: User \"\(user.username)\" cannot \(verb) resource \"\(resource)\" "
                + "in API group \"\(group)\" \(place)")
    }

    static func forbidden(_ user: APIUser, _ verb: String, path: String) -> APIStatus {
        APIStatus(403, "Forbidden", "forbidden: User \"\(user.username)\" cannot \(verb) path \"\(path)\"")
    }
}
