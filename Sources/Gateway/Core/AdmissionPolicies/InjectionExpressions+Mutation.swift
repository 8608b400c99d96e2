import GatewayPluginAPI
import JSON

/// The only mutation of the policy: a list of `JSONPatch`.
extension InjectionExpressions {
    /// The conditions under which a container `c` gets the variable `w`.
    private static let lacks =
        "!c.?env.orValue([]).exists(e, e.name == w.name || e.name in w.unless)"
    private static let isServed = "c.name in variables.servedNames"

    /// The names of the variables of each container, grouped, as ``InjectionRecord/text``.
    private var recorded: String {
        let namesOf =
            "\(CEL.texts(Set(endpoints.flatMap(\.variables).map(\.name)).sorted())).filter(n, "
            + "variables.wanted.exists(w, w.name == n && \(Self.lacks))).join(',')"
        // {container: variables}. Converted, since an API server accepts only maps whose values have one type.
        let added =
            "\(Self.all).filter(c, \(Self.isServed)).map(c, {'container': string(c.name), 'variables': \(namesOf)})"
            + ".filter(r, r.variables != '')"
        return added
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
        let always = [containers("initContainers"), containers("containers"), volumeMutation, annotationMutation]
        return "!variables.isActive ? [] : \(CEL.sum(always[...])) + "
            + "(variables.delivery == 'sidecar' ? (\(sidecarMutation)) : [])"
    }

    private func containers(_ list: String) -> String {
        let path = "'/spec/\(list)/' + string(i)"
        let added = "variables.wanted.filter(w, \(Self.lacks))"
        let mounted = "c.?volumeMounts.orValue([]).exists(m, m.mountPath == '\(InjectedNames.tokenFolder)')"
        return "variables.\(list).transformList(i, c, \(Self.isServed) && \(added).size() > 0, "
            + "JSONPatch{op: 'add', path: \(path) + '/env', value: dyn(c.?env.orValue([])) + "
            + "dyn(\(added).map(w, \(CEL.object([("name", "w.name"), ("value", "w.value")]))))})"
            + " + variables.\(list).transformList(i, c, \(Self.isServed) && !\(mounted), "
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

    private var sidecarMutation: String {
        let own = "c.name == '\(InjectedNames.sidecar)'"
        let differs =
            "(variables.settings.exists(s, !c.?env.orValue([]).exists(e, e.name == s.name)) || "
            + "c.?env.orValue([]).exists(e, variables.settings.exists(s, s.name == e.name && "
            + "s.value != e.?value.orValue(''))))"
        func update(_ list: String) -> String {
            "variables.\(list).transformList(i, c, variables.wasInjected && \(own) && \(differs), "
                + "JSONPatch{op: 'add', path: '/spec/\(list)/' + string(i) + '/env', value: "
                + "dyn(c.?env.orValue([]).map(e, variables.settings.exists(s, s.name == e.name) ? "
                + "variables.settings.filter(s, s.name == e.name)[0] : e)) + "
                + "dyn(variables.settings.filter(s, !c.?env.orValue([]).exists(e, e.name == s.name)))})"
        }
        let insert =
            "variables.initContainers.size() > 0 ? [JSONPatch{op: 'add', path: '/spec/initContainers/' + "
            + "string(variables.index), value: variables.sidecar}] : [JSONPatch{op: 'add', path: "
            + "'/spec/initContainers', value: dyn([variables.sidecar])}]"
        return "variables.sidecars.size() > 0 ? \(update("initContainers")) + \(update("containers")) : (\(insert))"
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
