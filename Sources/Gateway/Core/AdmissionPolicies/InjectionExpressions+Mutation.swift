import GatewayPluginAPI
import JSON

/// The only mutation of the policy: a list of `JSONPatch`.
extension InjectionExpressions {
    /// The names of the variables of each container, grouped, as ``InjectionRecord/text``: `{container, variables}`.
    private var recorded: String {
        // Converted, since an API server accepts only maps whose values have one type.
        let names = "variables.lacking[i].map(w, string(w.name)).sort().join(',')"
        return "variables.all.transformList(i, c, variables.lacking[i].size() > 0, "
            + "{'container': string(c.name), 'variables': \(names)})"
    }

    /// The value of the annotation of ``InjectionRecord``, in parts, since each expression has a limited depth.
    var record: [(name: String, expression: String)] {
        let earlier = annotation(InjectionRecord.variablesKey)
        return [
            ("recorded", recorded),
            (
                "groups",
                "variables.recorded.map(r, r.variables).distinct().map(t, variables.recorded.filter(r, r.variables == t)"
                    + ".map(r, r.container).sort().join(',') + ':' + t).sort()"
            ),
            (
                "record",
                "((variables.wasInjected && \(earlier) != '' ? [\(earlier)] : []) + variables.groups).join(';')"
            ),
        ]
    }

    /// The expression of the only mutation, a list of `JSONPatch`. All its parts see the Pod of the request; the sidecar is
    /// inserted after the operations on other init containers, which have indices.
    var mutation: String {
        let always = [
            containers("initContainers", after: "0"),
            containers("containers", after: "variables.initContainers.size()"),
            volumeMutation, annotationMutation,
        ]
        return "!variables.isActive ? [] : \(CEL.sum(always[...])) + "
            + "(variables.delivery == 'sidecar' ? (\(sidecarMutation)) : [])"
    }

    /// - Parameter count: the number of containers before the list in `variables.all`.
    private func containers(_ list: String, after count: String) -> String {
        let path = "'/spec/\(list)/' + string(i)"
        let added = "variables.lacking[\(count) + i]"
        let mounted = "c.?volumeMounts.orValue([]).exists(m, m.mountPath == '\(InjectedNames.tokenFolder)')"
        return "variables.\(list).transformList(i, c, \(added).size() > 0, "
            + "JSONPatch{op: 'add', path: \(path) + '/env', value: dyn(c.?env.orValue([])) + "
            + "dyn(\(added).map(w, \(CEL.object([("name", "w.name"), ("value", "w.value")]))))})"
            + " + variables.\(list).transformList(i, c, variables.served[\(count) + i] && !\(mounted), "
            + "JSONPatch{op: 'add', path: \(path) + '/volumeMounts', value: dyn(c.?volumeMounts.orValue([])) + "
            + "dyn([variables.mount])})"
    }

    private var volumeMutation: String {
        let exists = "variables.volumes.exists(v, v.name == w.name)"
        let ownVolume = "(\(annotation("create-volume")) == 'false' && w.name == '\(InjectedNames.tokenVolume)')"
        let missing = "variables.volumesToAdd.filter(w, !\(exists) && !\(ownVolume))"
        let replaced =
            "variables.volumes.transformList(i, v, variables.wasInjected && variables.delivery == 'csi' && "
            + "v.name == '\(InjectedNames.tokenVolume)' && v != variables.volumesToAdd[0], "
            + "JSONPatch{op: 'replace', path: '/spec/volumes/' + string(i), value: variables.volumesToAdd[0]})"
        return "\(replaced) + (\(missing).size() == 0 ? [] : [JSONPatch{op: 'add', path: '/spec/volumes', "
            + "value: dyn(variables.volumes) + dyn(\(missing))}])"
    }

    /// Adds the sidecar, or sets what injection owns of that of an earlier injection: its variables, mounts and restart
    /// policy.
    private var sidecarMutation: String {
        let insert =
            "variables.initContainers.size() > 0 ? [JSONPatch{op: 'add', path: '/spec/initContainers/' + "
            + "string(variables.index), value: variables.sidecar}] : [JSONPatch{op: 'add', path: "
            + "'/spec/initContainers', value: dyn([variables.sidecar])}]"
        let restartPolicy =
            "variables.initContainers.transformList(i, c, \(Self.isSidecar) && c.?restartPolicy.orValue('') != 'Always', "
            + "JSONPatch{op: 'add', path: '/spec/initContainers/' + string(i) + '/restartPolicy', value: dyn('Always')})"
        let updates = ["initContainers", "containers"].flatMap { [settingsUpdate($0), mountsUpdate($0)] }
        return "variables.sidecars.size() > 0 ? \((updates + [restartPolicy]).joined(separator: " + ")) : (\(insert))"
    }

    private func settingsUpdate(_ list: String) -> String {
        let isSetting = "variables.settings.exists(s, s.name == e.name)"
        // An empty variable means the default to the sidecar.
        let isOld = "(e.name in \(CEL.texts(SidecarContainers.optionalSettings)) && !\(isSetting))"
        let differs =
            "(variables.settings.exists(s, !c.?env.orValue([]).exists(e, e.name == s.name)) || "
            + "c.?env.orValue([]).exists(e, (\(isOld) && (has(e.valueFrom) || e.?value.orValue('') != '')) || "
            + "variables.settings.exists(s, s.name == e.name && (has(e.valueFrom) || s.value != e.?value.orValue('')))))"
        let empty = CEL.object([("name", "e.name"), ("value", "''")])
        return "variables.\(list).transformList(i, c, \(Self.isSidecar) && \(differs), "
            + "JSONPatch{op: 'add', path: '/spec/\(list)/' + string(i) + '/env', value: "
            + "dyn(c.?env.orValue([]).map(e, \(isSetting) ? "
            + "variables.settings.filter(s, s.name == e.name)[0] : (\(isOld) ? \(empty) : e))) + "
            + "dyn(variables.settings.filter(s, !c.?env.orValue([]).exists(e, e.name == s.name)))})"
    }

    private func mountsUpdate(_ list: String) -> String {
        let mounts = "c.?volumeMounts.orValue([])"
        let isEqual =
            "(m.mountPath == s.mountPath && m.name == s.name && m.?readOnly.orValue(false) == s.?readOnly.orValue(false) && "
            + "m.?subPath.orValue('') == '' && m.?subPathExpr.orValue('') == '')"
        return "variables.\(list).transformList(i, c, \(Self.isSidecar) && "
            + "variables.sidecarMounts.exists(s, !\(mounts).exists(m, \(isEqual))), "
            + "JSONPatch{op: 'add', path: '/spec/\(list)/' + string(i) + '/volumeMounts', value: "
            + "dyn(\(mounts).map(m, variables.sidecarMounts.exists(s, s.mountPath == m.mountPath) ? "
            + "variables.sidecarMounts.filter(s, s.mountPath == m.mountPath)[0] : m)) + "
            + "dyn(variables.sidecarMounts.filter(s, !\(mounts).exists(m, m.mountPath == s.mountPath)))})"
    }

    private var annotationMutation: String {
        let wanted =
            "[{'key': \(key(InjectionRecord.key)), 'value': variables.names.join(',')}] + "
            + "(variables.record != '' ? [{'key': \(key(InjectionRecord.variablesKey)), 'value': variables.record}] : [])"
        let parent =
            "has(object.metadata.annotations) ? [] : [JSONPatch{op: 'add', path: '/metadata/annotations', value: dyn({})}]"
        return "(\(parent)) + (\(wanted)).filter(a, variables.annotations[?a.key].orValue('') != a.value).map(a, "
            + "JSONPatch{op: 'add', path: '/metadata/annotations/' + jsonpatch.escapeKey(a.key), value: dyn(a.value)})"
    }
}
