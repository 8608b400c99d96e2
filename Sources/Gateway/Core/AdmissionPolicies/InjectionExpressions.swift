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

    private static let reserved = CEL.texts(InjectedNames.containers.sorted())

    // MARK: Variables that the mutating and the denying policy have

    /// The variables, each after those that it uses.
    var common: [(name: String, expression: String)] {
        var variables = metadata
        variables += [
            (
                "serviceAccount",
                "object.spec.?serviceAccountName.orValue('') != '' ? object.spec.serviceAccountName : 'default'"
            ),
            ("initContainers", "object.spec.?initContainers.orValue([])"),
            ("containers", "object.spec.?containers.orValue([])"),
            ("all", "variables.initContainers + variables.containers"),
            ("volumes", "object.spec.?volumes.orValue([])"),
        ]
        for (index, endpoint) in endpoints.enumerated() {
            variables.append(annotationVariable(index))
            variables.append(("requested\(index)", endpoint.requestedDefinition))
            variables.append(("lifetime\(index)", endpoint.lifetimeDefinition))
            variables.append(("offered\(index)", endpoint.offeredDefinition))
        }
        variables += [
            ("wasInjected", "\(key(InjectionRecord.key)) in variables.annotations"),
            // It keeps the tokens of OpenUnison's sidecar.
            (
                "isOfOpenUnison",
                "!variables.wasInjected && variables.initContainers.exists(c, c.name == '\(OpenUnisonSidecar.name)') && "
                    + "!variables.all.exists(c, c.name in \(Self.reserved))"
            ),
            (
                "isRequested",
                "!variables.isOfOpenUnison && (\(endpoints.map(\.isRequested).joined(separator: " || ")))"
            ),
            ("skipped", names("skip-containers")), ("included", names("include-containers")),
            ("isWindows", OperatingSystem.isWindowsExpression), ("hasOwnSidecar", hasOwnSidecar),
            (
                "sidecars",
                "variables.initContainers.filter(c, \(Self.isSidecar)) + "
                    + "variables.containers.filter(c, \(Self.isSidecar))"
            ),
            ("delivery", delivery),
        ]
        return variables + earlierSettings + environment
    }

    /// The variables of the labels and annotations.
    var metadata: [(name: String, expression: String)] {
        [
            ("labels", "object.metadata.?labels.orValue({})"),
            ("annotations", "object.metadata.?annotations.orValue({})"),
        ]
    }

    /// The variable ``PolicyEndpoint/annotation`` of an endpoint.
    func annotationVariable(_ index: Int) -> (name: String, expression: String) {
        ("annotation\(index)", "variables.annotations[?\(CEL.text(endpoints[index].key))].orValue('')")
    }

    /// The last argument of a container `c`; empty where it has none.
    private static let lastArgument =
        "(c.?args.orValue([]).size() > 0 ? c.args[c.args.size() - 1] : "
        + "(c.?command.orValue([]).size() > 0 ? c.command[c.command.size() - 1] : ''))"

    /// Whether a container `c` is the sidecar of an earlier injection, as ``InjectedSidecar`` recognizes it.
    static let isSidecar =
        "variables.wasInjected && c.name == '\(InjectedNames.sidecar)' && \(lastArgument) == 'run'"

    /// Whether the Pod has a container of its own with a reserved name.
    private var hasOwnSidecar: String {
        let isFirstFetch =
            "variables.wasInjected && c.name == '\(InjectedNames.firstFetch)' && \(Self.lastArgument) == 'once'"
        return
            "variables.initContainers.exists(c, c.name in \(Self.reserved) && !(\(Self.isSidecar)) && !(\(isFirstFetch)))"
            + " || variables.containers.exists(c, c.name in \(Self.reserved) && !(\(Self.isSidecar)))"
    }

    /// Whether the annotation is absent, or an ID as ``OpenUnisonAnnotations`` reads it.
    func isID(_ name: String) -> String {
        let text = "variables.annotations[\(key(name))]"
        return "(!(\(key(name)) in variables.annotations) || "
            + "(\(text).matches('^[0-9]{1,10}$') && int(\(text)) <= \(Int32.max)))"
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

    /// What an earlier injection has set, and the names of its endpoints. Longer settings are not read, for the reason of
    /// ``maximumList``.
    private var earlierSettings: [(name: String, expression: String)] {
        func values(_ name: String) -> String {
            "variables.sidecars.map(c, c.?env.orValue([]).filter(e, e.name == '\(name)' && has(e.value)).map(e, e.value))"
        }
        func attribute(_ name: String) -> String {
            "variables.volumes.filter(v, v.name == '\(InjectedNames.tokenVolume)' && variables.wasInjected)"
                + ".map(v, v.?csi.?volumeAttributes.?\(name).orValue(''))"
        }
        return [
            (
                "sidecarEndpoints",
                "\(values(SidecarContainers.endpointsSetting)).map(l, l.size() > 0 ? l[0] : '').join(',')"
            ),
            ("volumeEndpoints", "\(attribute("endpoints")).join(',')"),
            (
                "lifetimeEntries",
                "(\(values(SidecarContainers.lifetimesSetting)).map(l, l.join(',')) + \(attribute("lifetimes"))).join(',')"
            ),
            (
                "hasLongSettings",
                "[variables.sidecarEndpoints, variables.volumeEndpoints, variables.lifetimeEntries].exists(t, "
                    + "t.size() > \(SidecarEndpoints.maximumLength))"
            ),
            (
                "found",
                "variables.hasLongSettings ? [] : variables.sidecarEndpoints.split(',').map(n, n.split('=')[0])"
                    + ".filter(n, n != '') + variables.volumeEndpoints.split(',').filter(n, n != '')"
            ),
        ]
    }

    /// Which environment variables each container gets. The names that a container has are computed once, since the cost
    /// of an evaluation is limited.
    private var environment: [(name: String, expression: String)] {
        let names = Set(endpoints.flatMap(\.variables).flatMap { [$0.name] + $0.unlessSet }).sorted()
        return [
            // Of endpoints with the same variable, the first one sets it.
            ("offered", CEL.sum(endpoints.map(\.offered)[...])),
            ("offeredNames", "variables.offered.map(w, string(w.name))"),
            (
                "wanted",
                "variables.offered.transformList(i, w, variables.offeredNames.indexOf(string(w.name)) == i, w)"
            ),
            ("variableNames", "{\(names.map { "\(CEL.text($0)): true" }.joined(separator: ", "))}"),
            // Whether each container gets tokens.
            (
                "served",
                "variables.all.map(c, !(c.name in \(Self.reserved)) && c.name != '\(OpenUnisonSidecar.name)' && "
                    + "!(c.name in variables.skipped) && "
                    + "(!(\(key("include-containers")) in variables.annotations) || c.name in variables.included))"
            ),
            // Those of "variableNames" that each of them has.
            (
                "ownVariables",
                "variables.all.transformList(i, c, variables.served[i] ? "
                    + "c.?env.orValue([]).map(e, e.name).filter(n, n in variables.variableNames) : [])"
            ),
            // The elements of "wanted" that each container lacks.
            (
                "lacking",
                "variables.ownVariables.transformList(i, own, variables.served[i] ? variables.wanted.filter(w, "
                    + "!(w.name in own) && !w.unless.exists(u, u in own)) : [])"
            ),
        ]
    }
}
