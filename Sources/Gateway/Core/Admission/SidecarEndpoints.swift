import KubernetesAPI

/// The endpoints of a Pod's sidecar: the requested ones, and those of an earlier injection.
///
/// An endpoint that the Pod no longer requests stays: another replica, with a newer or older configuration, may have
/// injected it.
struct SidecarEndpoints {
    /// The names, sorted.
    let names: [String]
    /// The value of `STS_ENDPOINTS`: names, with `=PATH` where the path is not `/NAME`.
    let setting: String
    /// The value of `STS_RENEW_BEFORE`, such as `one=720s`: how long a token must remain valid when it is renewed. nil
    /// where no endpoint has such a rule.
    let renewals: String?
    /// The value of `STS_LIFETIMES`, such as `one=600s`: the lifetimes that the Pod requests; nil where it requests none.
    let lifetimes: String?
    /// Whether there are endpoints that this replica does not know.
    let hasUnknown: Bool

    /// The maximum length of ``setting`` and of the others in bytes, since an earlier injection may have any.
    static let maximumLength = 8_192
    /// Why longer settings are denied.
    static let tooLong =
        "the settings of the Pod's endpoints are longer than \(maximumLength) bytes; request fewer endpoints"

    /// Whether no setting is too long.
    var hasValidLength: Bool {
        [setting, renewals ?? "", lifetimes ?? ""].allSatisfy { $0.utf8.count <= Self.maximumLength }
    }

    /// - Parameters:
    ///   - known: all endpoints of this replica.
    ///   - found: the paths of the earlier injection, by the endpoint's name.
    ///   - renewals: the rules of the earlier injection in seconds, by the endpoint's name.
    ///   - lifetimes: those that the Pod requests, and those of the earlier injection for endpoints that it does not
    ///     request any more; in seconds, by the endpoint's name.
    init(
        _ requested: [EndpointConfiguration], known: InjectableEndpoints, found: [String: String],
        renewals foundRenewals: [String: Int] = [:], lifetimes: [String: Int] = [:]
    ) {
        var paths = found
        for name in found.keys { if let endpoint = known[name] { paths[name] = endpoint.path.description } }
        for endpoint in requested { paths[endpoint.name] = endpoint.path.description }
        names = paths.keys.sorted()
        setting = names.map { name in
            let path = paths[name] ?? "/\(name)"
            return path == "/\(name)" ? name : "\(name)=\(path)"
        }
        .joined(separator: ",")
        var seconds = foundRenewals.filter { paths[$0.key] != nil }
        for name in names { if let endpoint = known[name] { seconds[name] = endpoint.token.remainingAtRenewal } }
        renewals = Self.setting(seconds.filter { $0.value > 0 })
        self.lifetimes = Self.setting(lifetimes.filter { paths[$0.key] != nil })
        hasUnknown = found.keys.contains { known[$0] == nil }
    }

    /// Reads durations such as those of ``lifetimes``, by the endpoint's name. What is not valid is skipped.
    static func seconds(_ setting: String) -> [String: Int] {
        var found: [String: Int] = [:]
        for entry in setting.split(separator: ",") {
            let parts = entry.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, KubernetesName.isLabel(parts[0]), parts[1].last == "s",
                let seconds = Int(parts[1].dropLast()), (1...86_400).contains(seconds)
            else { continue }
            found[String(parts[0])] = seconds
        }
        return found
    }

    private static func setting(_ seconds: [String: Int]) -> String? {
        let entries = seconds.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)s" }
        return entries.isEmpty ? nil : entries.joined(separator: ",")
    }
}
