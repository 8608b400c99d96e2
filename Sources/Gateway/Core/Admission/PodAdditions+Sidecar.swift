import JSON

// The sidecar's containers: added where the Pod has none, updated where it was injected before.

extension PodAdditions {
    mutating func add(_ sidecar: SidecarContainers) throws(AdmissionDenial) {
        if isNative {
            try addToInitContainers(sidecar.native, found.native)
            return
        }
        if let classic = found.classic {
            update(classic, to: sidecar.classic)
        } else {
            append([sidecar.classic], to: JSONPointer("spec", "containers"), exists: pod.hasContainers)
        }
        if pod.restartPolicy != "Always" {
            warnings.append(
                "restartPolicy is \(PodQuotation.of(pod.restartPolicy)), but \(InjectedNames.sidecar) does not "
                    + "terminate, so the Pod does not either; use native sidecars (Kubernetes 1.32 or later)")
        }
        try addToInitContainers(sidecar.firstFetch, found.firstFetch)
    }

    /// Whether the sidecar is a native one. A Pod that is already injected keeps its kind of sidecar: another replica may
    /// have injected it with other knowledge of the API server's version, or the mode of the configuration has changed.
    var isNative: Bool { found.isNative ?? policy.isNative }

    private mutating func addToInitContainers(
        _ wanted: JSONValue, _ found: ContainerReading?
    ) throws(AdmissionDenial) {
        if let found {
            update(found, to: wanted)
            checkMeshes(before: pod.initContainers.firstIndex { $0.name == found.name } ?? 0)
            return
        }
        let pointer = JSONPointer("spec", "initContainers")
        let index = try SidecarPlacement.index(in: pod, policy)
        checkMeshes(before: index)
        if pod.hasInitContainers {
            patch.add(wanted, at: pointer.appending(index))
        } else {
            patch.add([wanted], at: pointer)
        }
    }

    /// Sets what injection owns of a sidecar's container: its variables, mounts and restart policy.
    private mutating func update(_ found: ContainerReading, to wanted: JSONValue) {
        let variables = found.pointer.appending("env")
        var missing: [JSONValue] = []
        var settings = wanted["env"]?.elementList ?? []
        let names = Set(settings.compactMap { $0["name"]?.stringValue })
        let environment = found.environment(of: VariableNames(names.union(SidecarContainers.optionalSettings)))
        // An empty variable means the default to the sidecar.
        settings += SidecarContainers.optionalSettings.filter { !names.contains($0) && environment.hasVariable($0) }
            .map { ["name": .string($0), "value": ""] }
        for setting in settings {
            guard let name = setting["name"]?.stringValue, environment.hasVariable(name) else {
                missing.append(setting)
                continue
            }
            // The API server omits an empty value.
            for element in environment.elements(name) where element.literal != setting["value"]?.stringValue ?? "" {
                patch.replace(setting, at: variables.appending(element.index))
            }
        }
        append(missing, to: variables, exists: found.hasEnvironment)
        updateMounts(of: found, to: wanted["volumeMounts"]?.elementList ?? [])
        if let policy = wanted["restartPolicy"], found.json["restartPolicy"]?.value != policy {
            patch.add(policy, at: found.pointer.appending("restartPolicy"))
        }
    }

    private mutating func updateMounts(of found: ContainerReading, to wanted: [JSONValue]) {
        let pointer = found.pointer.appending("volumeMounts")
        var missing: [JSONValue] = []
        for mount in wanted {
            guard let existing = found.mounts.first(where: { .string($0.path) == mount["mountPath"] }) else {
                missing.append(mount)
                continue
            }
            let isEqual =
                .string(existing.volume) == mount["name"] && !existing.isPartial
                && existing.isReadOnly == (mount["readOnly"] == true)
            if !isEqual { patch.replace(mount, at: pointer.appending(existing.index)) }
        }
        append(missing, to: pointer, exists: found.hasMounts)
    }
}
