import GatewayPluginAPI
import JSON

/// The variables and the mutation of the mutating policy: what ``PodAdditions`` adds, as CEL expressions.
struct InjectionExpressions {
    let policy: InjectionPolicy
    let endpoints: [PolicyEndpoint]

    func key(_ name: String) -> String { CEL.text(policy.key(name)) }

    func annotation(_ name: String, otherwise: String = "''") -> String {
        "variables.annotations[?\(key(name))].orValue(\(otherwise))"
    }

    static let all = "(variables.initContainers + variables.containers)"
    private static let reserved = CEL.texts(InjectedNames.containers.sorted())

    // MARK: Variables that both policies have

    /// The variables, each after those that it uses.
    var common: [(name: String, expression: String)] {
        var variables = [
            ("labels", "object.metadata.?labels.orValue({})"),
            ("annotations", "object.metadata.?annotations.orValue({})"),
            (
                "serviceAccount",
                "object.spec.?serviceAccountName.orValue('') != '' ? object.spec.serviceAccountName : 'default'"
            ),
            ("initContainers", "object.spec.?initContainers.orValue([])"),
            ("containers", "object.spec.?containers.orValue([])"),
            ("volumes", "object.spec.?volumes.orValue([])"),
        ]
        for (index, endpoint) in endpoints.enumerated() {
            let key = CEL.text(endpoint.key)
            variables.append(("annotation\(index)", "variables.annotations[?\(key)].orValue('')"))
            variables.append(("requested\(index)", endpoint.requestedDefinition))
            variables.append(("lifetime\(index)", endpoint.lifetimeDefinition))
        }
        variables += [
            ("wasInjected", "\(key(InjectionRecord.key)) in variables.annotations"),
            // It keeps the tokens of OpenUnison's sidecar.
            (
                "isOfOpenUnison",
                "!variables.wasInjected && variables.initContainers.exists(c, c.name == '\(OpenUnisonSidecar.name)') && "
                    + "!\(Self.all).exists(c, c.name in \(Self.reserved))"
            ),
            (
                "isRequested",
                "!variables.isOfOpenUnison && (\(endpoints.map(\.isRequested).joined(separator: " || ")))"
            ),
            ("skipped", names("skip-containers")), ("included", names("include-containers")),
            (
                "servedNames",
                "(variables.initContainers.map(c, c.name) + variables.containers.map(c, c.name)).filter(n, "
                    + "!(n in \(Self.reserved)) && n != '\(OpenUnisonSidecar.name)' && !(n in variables.skipped) && "
                    + "(!(\(key("include-containers")) in variables.annotations) || n in variables.included))"
            ),
            (
                "sidecars",
                "variables.initContainers.filter(c, c.name == '\(InjectedNames.sidecar)') + "
                    + "variables.containers.filter(c, c.name == '\(InjectedNames.sidecar)')"
            ),
            ("delivery", delivery), ("found", found), ("wanted", wanted),
        ]
        return variables
    }

    /// The maximum length of a list of containers in an annotation. The time to evaluate a list grows with the square of its
    /// length, and is not part of the cost that an API server limits.
    static let maximumList = 4_096

    private func names(_ key: String) -> String {
        "\(annotation(key)).size() > \(Self.maximumList) ? [] : "
            + "\(annotation(key)).replace(';', ',').split(',').map(n, n.trim()).filter(n, n != '')"
    }

    private var delivery: String {
        let standard = policy.delivery.rawValue
        let selected =
            "\(annotation(TokenDelivery.key, otherwise: "\(annotation("create-volume")) == 'false' ? 'sidecar' : '\(standard)'"))"
        guard let driver = policy.nodeDriver else {
            return "variables.sidecars.size() > 0 ? 'sidecar' : \(selected)"
        }
        return "variables.sidecars.size() > 0 ? 'sidecar' : (variables.wasInjected && "
            + "variables.volumes.exists(v, v.name == '\(InjectedNames.tokenVolume)' && "
            + "v.?csi.?driver.orValue('') == \(CEL.text(driver))) ? 'csi' : \(selected))"
    }

    /// The names of the endpoints of an earlier injection.
    private var found: String {
        "variables.sidecars.map(c, c.?env.orValue([]).filter(e, e.name == '\(SidecarContainers.endpointsSetting)' && "
            + "has(e.value)).map(e, e.value)).map(l, l.size() > 0 ? l[0] : '').join(',').split(',').map(n, n.split('=')[0])"
            + ".filter(n, n != '') + variables.volumes.filter(v, v.name == '\(InjectedNames.tokenVolume)' && variables.wasInjected)"
            + ".map(v, v.?csi.?volumeAttributes.?endpoints.orValue('')).join(',').split(',').filter(n, n != '')"
    }

    /// The variables of every container, each name once: `{name, value, unless}`.
    private var wanted: String {
        var parts: [(String, String)] = []
        var earlier: [String: [String]] = [:]
        for variable in endpoints.flatMap(\.variables) {
            let others = earlier[variable.name, default: []].map { "!(\($0))" }
            earlier[variable.name, default: []].append(variable.condition)
            let element = CEL.object([
                ("name", CEL.text(variable.name)), ("value", variable.value),
                ("unless", CEL.texts(variable.unlessSet)),
            ])
            parts.append((([variable.condition] + others).joined(separator: " && "), "[\(element)]"))
        }
        return CEL.list(parts)
    }

    // MARK: Variables of the mutating policy

    /// The variables that only the mutations use.
    var additions: [(name: String, expression: String)] {
        [
            ("known", CEL.texts(endpoints.map(\.name))),
            // Another replica, with a newer configuration, may have injected an endpoint that this policy does not know.
            ("isForeign", "variables.found.exists(n, !(n in variables.known))"),
            ("isActive", "variables.isRequested && !variables.isForeign"),
            (
                "names",
                CEL.list(
                    endpoints.map {
                        ("\($0.isRequested) || \(CEL.text($0.name)) in variables.found", "[\(CEL.text($0.name))]")
                    })
            ),
            ("earlierLifetimes", earlierLifetimes), ("lifetimes", lifetimes), ("files", files), ("settings", settings),
            ("volumesToAdd", volumes),
            ("mount", CEL.value(SidecarContainers.tokenMount)), ("sidecar", sidecar), ("index", index),
        ] + record
    }

    /// The entries of `STS_LIFETIMES` of an earlier injection.
    private var earlierLifetimes: String {
        "(variables.sidecars.map(c, c.?env.orValue([]).filter(e, e.name == '\(SidecarContainers.lifetimesSetting)' && "
            + "has(e.value)).map(e, e.value).join(',')) + variables.volumes.filter(v, variables.wasInjected && "
            + "v.name == '\(InjectedNames.tokenVolume)').map(v, v.?csi.?volumeAttributes.?lifetimes.orValue('')))"
            + ".join(',').split(',')"
    }

    /// The entries of `STS_LIFETIMES`, by the endpoint's name: those that the Pod requests, and those of an earlier
    /// injection for endpoints that it does not request any more.
    private var lifetimes: String {
        let entries = endpoints.map { endpoint in
            let name = CEL.text("\(endpoint.name)=")
            let requested = "(\(endpoint.lifetime) > 0 ? [\(name) + string(\(endpoint.lifetime)) + 's'] : [])"
            return "(\(endpoint.isRequested) ? \(requested) : "
                + "variables.earlierLifetimes.filter(l, l.startsWith(\(name))))"
        }
        return CEL.sum(entries[...])
    }

    /// The value of `STS_FILES`; empty where there is no file.
    private var files: String {
        let all = endpoints.flatMap(\.files).sorted { $0.path < $1.path }
        guard !all.isEmpty else { return "''" }
        let parts = all.map { file in
            ("\(file.condition)", "[\(CEL.joined([CEL.text("\"\(file.path)\":\""), file.contents, "'\"'"]))]")
        }
        let list = CEL.list(parts)
        return "(\(list)).size() > 0 ? '{' + (\(list)).join(',') + '}' : ''"
    }

    /// The variables of the sidecar, by name.
    private var settings: String {
        func setting(_ name: String, _ value: String) -> String {
            "[\(CEL.object([("name", CEL.text(name)), ("value", value)]))]"
        }
        let entries = CEL.list(
            endpoints.map { endpoint in
                let path = endpoint.endpoint.path.description
                let text = path == "/\(endpoint.name)" ? endpoint.name : "\(endpoint.name)=\(path)"
                return ("\(CEL.text(endpoint.name)) in variables.names", "[\(CEL.text(text))]")
            })
        var parts = [
            setting("STS_SERVER", CEL.text(EnvironmentVariableValue.escaped(policy.server))),
            setting(SidecarContainers.endpointsSetting, "(\(entries)).join(',')"),
        ]
        let renewals = endpoints.filter { $0.endpoint.token.remainingAtRenewal > 0 }
        if !renewals.isEmpty {
            let list = CEL.list(
                renewals.map { endpoint in
                    let text = "\(endpoint.name)=\(endpoint.endpoint.token.remainingAtRenewal)s"
                    return ("\(CEL.text(endpoint.name)) in variables.names", "[\(CEL.text(text))]")
                })
            parts.append(
                "((\(list)).size() > 0 ? \(setting(SidecarContainers.renewalsSetting, "(\(list)).join(',')")) : [])")
        }
        let lifetimes = setting(SidecarContainers.lifetimesSetting, "variables.lifetimes.join(',')")
        parts.append("(variables.lifetimes.size() > 0 ? \(lifetimes) : [])")
        parts.append(
            "(variables.files != '' ? \(setting(SidecarContainers.filesSetting, "variables.files")) : [])")
        for (name, value) in SidecarContainers.constantSettings(policy) {
            parts.append(setting(name, CEL.text(value)))
        }
        return CEL.sum(parts[...])
    }

    private var volumes: String {
        let lifetime =
            "object.spec.?terminationGracePeriodSeconds.orValue(30) * 5 > \(InjectionPolicy.maximumSubjectTokenLifetime)"
            + " ? \(InjectionPolicy.maximumSubjectTokenLifetime) : "
            + "(object.spec.?terminationGracePeriodSeconds.orValue(30) * 5 > \(policy.subjectTokenLifetime) ? "
            + "object.spec.?terminationGracePeriodSeconds.orValue(30) * 5 : \(policy.subjectTokenLifetime))"
        let token = CEL.object([
            ("audience", CEL.text(policy.audience)), ("expirationSeconds", lifetime), ("path", "'token'"),
        ])
        let source = CEL.object([("serviceAccountToken", token)])
        let projected = CEL.object([("sources", "[\(source)]")])
        let subject = CEL.object([("name", CEL.text(InjectedNames.subjectTokenVolume)), ("projected", projected)])
        let sidecar = "[\(CEL.value(SidecarContainers.tokenVolume)), \(subject)]"
        guard let driver = policy.nodeDriver else { return sidecar }
        func attributes(_ more: [(String, String)]) -> String {
            CEL.object([("endpoints", "variables.names.join(',')")] + more)
        }
        let files = ("files", "variables.files")
        let lifetimes = ("lifetimes", "variables.lifetimes.join(',')")
        let csi = CEL.object([
            ("driver", CEL.text(driver)), ("readOnly", "true"),
            (
                "volumeAttributes",
                "variables.lifetimes.size() > 0 ? (variables.files != '' ? \(attributes([files, lifetimes])) : "
                    + "\(attributes([lifetimes]))) : (variables.files != '' ? \(attributes([files])) : \(attributes([])))"
            ),
        ])
        let volume = CEL.object([("name", CEL.text(InjectedNames.tokenVolume)), ("csi", csi)])
        return "variables.delivery == 'csi' ? [\(volume)] : \(sidecar)"
    }

    private var sidecar: String {
        let user =
            "variables.annotations[?\(key("user"))].orValue('').matches('^[0-9]{1,10}$') && "
            + "int(variables.annotations[\(key("user"))]) > 0 ? int(variables.annotations[\(key("user"))]) : "
            + (policy.sidecar.security.user.map { "\($0)" }
                ?? "(object.spec.?securityContext.?runAsUser.orValue(1000) == 0 ? \(SidecarContainers.unprivilegedUser) : 0)")
        let group =
            "variables.annotations[?\(key("group"))].orValue('').matches('^[0-9]{1,10}$') ? "
            + "int(variables.annotations[\(key("group"))]) : \(policy.sidecar.security.group ?? 0)"
        let template = try? SidecarContainers.template(policy)
        let members = (template?.memberList ?? []).map { member -> (String, String) in
            switch member.name {
            case "env": return ("env", "variables.settings")
            case "securityContext":
                let fixed = member.value.memberList.map { ($0.name, CEL.value($0.value)) }
                func context(_ more: [(String, String)]) -> String { CEL.object(fixed + more) }
                let (one, other) = (("runAsUser", "(\(user))"), ("runAsGroup", "(\(group))"))
                let expression =
                    "(\(user)) > 0 ? ((\(group)) > 0 ? \(context([one, other])) : \(context([one]))) : "
                    + "((\(group)) > 0 ? \(context([other])) : \(context([])))"
                return (member.name, expression)
            default: return (member.name, CEL.value(member.value))
            }
        }
        return CEL.object(members)
    }

    /// The sidecar's index among the init containers.
    private var index: String {
        let proxies = ServiceMesh.all.reduce(into: policy.meshProxies) { $0.formUnion($1.proxies) }.sorted()
        let afterMesh =
            "(variables.initContainers.map(c, c.?restartPolicy.orValue('') == 'Always' && "
            + "c.name in \(CEL.texts(proxies))).lastIndexOf(true) + 1)"
        func after(_ name: String) -> String { "(variables.initContainers.map(c, c.name).indexOf(\(name)) + 1)" }
        let standard =
            switch policy.position {
            case .first: afterMesh
            case .last: "variables.initContainers.size()"
            case .after(let name):
                "(\(after(CEL.text(name))) > \(afterMesh) ? \(after(CEL.text(name))) : \(afterMesh))"
            }
        return "\(key("sidecar-after")) in variables.annotations ? "
            + "\(after("variables.annotations[\(key("sidecar-after"))]")) : \(standard)"
    }
}
