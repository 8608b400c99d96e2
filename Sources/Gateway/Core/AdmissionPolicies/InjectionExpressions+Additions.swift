import GatewayPluginAPI
import JSON

// The variables of the mutating policy.

extension InjectionExpressions {
    /// The variables that only the mutations use.
    var additions: [(name: String, expression: String)] {
        [
            ("known", CEL.texts(endpoints.map(\.name))),
            // Another replica, with a newer configuration, may have injected an endpoint that this policy does not know.
            ("isForeign", "variables.found.exists(n, !(n in variables.known))"),
            // Where the Pod is denied in any case it stays as it is, since the API server validates the mutated Pod first.
            (
                "isActive",
                "variables.isRequested && !variables.isForeign && !variables.isWindows && !variables.hasOwnSidecar && "
                    + "!variables.hasLongSettings && \(isID("user")) && \(isID("group"))"
            ),
            (
                "names",
                CEL.list(
                    endpoints.map {
                        ("\($0.isRequested) || \(CEL.text($0.name)) in variables.found", "[\(CEL.text($0.name))]")
                    })
            ),
            ("earlierLifetimes", "variables.hasLongSettings ? [] : variables.lifetimeEntries.split(',')"),
            ("lifetimes", lifetimes),
        ] + files + [
            ("settings", settings), ("gracePeriod", "object.spec.?terminationGracePeriodSeconds.orValue(30)"),
            ("volumesToAdd", volumes),
            ("mount", CEL.value(SidecarContainers.tokenMount)), ("sidecarMounts", sidecarMounts), ("sidecar", sidecar),
            ("index", index),
        ] + record
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
    private var files: [(name: String, expression: String)] {
        let all = endpoints.enumerated().filter { !$0.element.files.isEmpty }
        let sorted = all.sorted { "\($0.element.name)/" < "\($1.element.name)/" }
        return all.map { ("files\($0.offset)", $0.element.fileEntriesDefinition) } + [
            ("fileEntries", CEL.sum(sorted.map(\.element.fileEntries)[...])),
            ("files", "variables.fileEntries.size() > 0 ? '{' + variables.fileEntries.join(',') + '}' : ''"),
        ]
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
        let (minimum, maximum) = (
            policy.subjectTokenLifetime, policy.subjectTokenLifetime(terminationGracePeriod: .max)
        )
        // The product is computed where it cannot overflow.
        let lifetime =
            "variables.gracePeriod > \(maximum / 5) ? \(maximum) : "
            + "(variables.gracePeriod > \(minimum / 5) ? variables.gracePeriod * 5 : \(minimum))"
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

    private var sidecarMounts: String {
        let template = try? SidecarContainers.template(policy)
        return template?["volumeMounts"].map(CEL.value) ?? "[]"
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
