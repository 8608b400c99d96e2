import GatewayPluginAPI
import JSON

// The additions to every container except the sidecar.

extension PodAdditions {
    mutating func addToContainers() throws(AdmissionDenial) {
        let key = policy.key("skip-containers")
        let skipped = Self.names(pod.annotations[key] ?? "")
        let all = pod.initContainers + pod.containers
        for name in skipped.subtracting(all.map(\.name)).sorted().prefix(Self.namedInWarnings) {
            warnings.append("\(key): unknown container \(PodQuotation.of(name)); name a container of the Pod")
        }
        let included = try includedContainers(of: all)
        let containers = all.filter { container in
            !InjectedNames.containers.contains(container.name) && !skipped.contains(container.name)
                && included?.contains(container.name) ?? true && !OpenUnisonSidecar.matches(container)
        }
        if OpenUnisonSidecar.isPresent(in: pod) {
            warnings.append(
                "OpenUnison's webhook has injected the Pod as well (init container \(OpenUnisonSidecar.name)); delete that "
                    + "webhook, and recreate the Pod")
        }
        try checkSize(count: containers.count)
        let names = requested.examinedVariables
        let served = containers.map { ServedContainer(reading: $0, environment: $0.environment(of: names)) }
        for container in served {
            try addMount(to: container.reading)
            addVariables(to: container)
        }
        checkExpectedVariables(of: served)
        checkConflictingVariables(of: served)
        checkSources(of: served)
    }

    /// The containers of the annotation `include-containers`; nil where it is absent.
    private func includedContainers(of containers: [ContainerReading]) throws(AdmissionDenial) -> Set<String>? {
        let key = policy.key("include-containers")
        guard let text = pod.annotations[key] else { return nil }
        let names = Self.names(text)
        guard let unknown = names.subtracting(containers.map(\.name)).min() else { return names }
        throw AdmissionDenial(
            .forbidden, "\(key): unknown container \(PodQuotation.of(unknown)); name a container of the Pod")
    }

    private static func names(_ text: String) -> Set<String> {
        Set(text.split { ",;".contains($0) }.map { String($0.trimmingWhiteSpace) }.filter { !$0.isEmpty })
    }

    /// Warns of settings that prevent the use of a token.
    private mutating func checkConflictingVariables(of containers: [ServedContainer]) {
        for (endpoint, conflicting) in requested.conflictingVariables {
            for variable in requested.variables
            where variable.endpoint != endpoint && conflicting.names.contains(variable.name) && !containers.isEmpty {
                warnings.append(
                    "\(variable.name) is set for \(variable.endpoint), so the token of \(endpoint) may not be used: "
                        + conflicting.advice)
            }
            for container in containers {
                let names = conflicting.names.filter { container.environment.hasVariable($0) }
                guard !names.isEmpty else { continue }
                warnings.append(
                    "the container \(container.reading.quotedName) sets \(names.joined(separator: ", ")), so the token of "
                        + "\(endpoint) is not used: \(conflicting.advice)")
            }
        }
    }

    /// Warns of variables that may come from a ConfigMap or a Secret, whose content injection does not read.
    private mutating func checkSources(of containers: [ServedContainer]) {
        for container in containers where container.reading.hasEnvironmentSources {
            let replaced = requested.variables.map(\.name).filter {
                container.reading.maySource($0) && !container.environment.hasVariable($0)
            }
            let conflicting = requested.conflictingVariables.flatMap(\.variables.names)
                .filter { container.reading.maySource($0) && !container.environment.hasVariable($0) }
            var effects: [String] = []
            if !replaced.isEmpty { effects.append("\(replaced.joined(separator: ", ")) of them are not used") }
            if !conflicting.isEmpty {
                effects.append("\(conflicting.joined(separator: ", ")) would be used before the token")
            }
            guard !effects.isEmpty else { continue }
            warnings.append(
                "the container \(container.reading.quotedName) gets variables from ConfigMaps or Secrets (envFrom): "
                    + effects.joined(separator: ", and "))
        }
    }

    /// Warns of settings that no container has.
    private mutating func checkExpectedVariables(of containers: [ServedContainer]) {
        for (endpoint, expected) in requested.expectedVariables {
            let names = Set(expected.names)
            guard !containers.isEmpty, !requested.variables.contains(where: { names.contains($0.name) }),
                !containers.contains(where: { container in
                    container.reading.hasEnvironmentSources || names.contains { container.environment.hasVariable($0) }
                })
            else { continue }
            warnings.append(
                "no container of the Pod sets \(expected.names.joined(separator: " or ")), which \(endpoint) expects; "
                    + expected.advice)
        }
    }

    /// The maximum number of unknown containers that are reported.
    private static let namedInWarnings = 8
    /// The maximum length of the additions in bytes: etcd cannot store larger Pods (`--max-request-bytes` is 1.5 MiB).
    static let maximumAdditions = 1 << 20
    /// The approximate length in bytes of a patch operation without the variable's name and value.
    private static let operationLength = 128

    /// Checks the length of the additions, which may be a hundred times the length of the containers.
    private func checkSize(count: Int) throws(AdmissionDenial) {
        let each = requested.variables.reduce(Self.operationLength) {
            $0 + $1.name.utf8.count + $1.value.utf8.count + Self.operationLength
        }
        guard count * each > Self.maximumAdditions else { return }
        throw AdmissionDenial(
            .forbidden,
            "the Pod has \(count) containers, and the additions to them are longer than \(Self.maximumAdditions) "
                + "bytes; add those that need no token to \(policy.key("skip-containers"))")
    }

    private mutating func addMount(to container: ContainerReading) throws(AdmissionDenial) {
        let folder = InjectedNames.tokenFolder
        func denial(_ fact: String) -> AdmissionDenial {
            AdmissionDenial(
                .forbidden,
                "the container \(container.quotedName) \(fact); use a different mount path, or add the container to "
                    + policy.key("skip-containers"))
        }
        var exists = false
        let tokens = InjectedNames.tokenVolume
        for mount in container.mounts {
            func place() -> String { "\(container.location).volumeMounts[\(mount.index)]" }
            let isTokens = mount.volume == tokens
            if mount.path == folder {
                guard isTokens, !mount.isPartial else {
                    throw denial("mounts another volume at \(folder), which is reserved for tokens (\(place()))")
                }
                exists = true
            } else if ContainerPath.isBelow(mount.path, folder) {
                throw denial("mounts a volume below \(folder), which is reserved for tokens (\(place()))")
            } else if mount.volume == InjectedNames.subjectTokenVolume {
                throw denial("mounts \(mount.volume), which is reserved for the sidecar (\(place()))")
            }
            if isTokens, !mount.isReadOnly, mount.path == folder || annotations.createsVolume {
                throw denial("mounts \(mount.volume) writable (\(place()).readOnly)")
            }
        }
        checkPaths(of: container)
        guard !exists else { return }
        append(
            [SidecarContainers.tokenMount], to: container.pointer.appending("volumeMounts"),
            exists: container.hasMounts)
    }

    /// Warns of mounts that may hide the tokens' folder, or prevent its mount.
    private mutating func checkPaths(of container: ContainerReading) {
        let folder = InjectedNames.tokenFolder
        let linked = ContainerPath.withoutLink(folder)
        for mount in container.mounts where mount.volume != InjectedNames.tokenVolume {
            let path = ContainerPath.withoutLink(mount.path)
            if path == linked || ContainerPath.isBelow(path, linked) {
                warnings.append(
                    "the container \(container.quotedName) mounts a volume at \(PodQuotation.of(mount.path)), which is "
                        + "\(folder) in images where /var/run is a link to /run; use a different mount path")
            } else if ContainerPath.isBelow(linked, path), mount.isReadOnly || pod.isReadOnly(mount.volume) {
                warnings.append(
                    "the container \(container.quotedName) mounts a read-only volume at \(PodQuotation.of(mount.path)), "
                        + "in which the container runtime cannot create \(folder); use a different mount path")
            }
        }
    }

    private mutating func addVariables(to served: ServedContainer) {
        let (container, environment) = (served.reading, served.environment)
        var added: [JSONValue] = []
        var overridden: [String] = []
        let recorded = record.variables[container.name] ?? []
        let pointer = container.pointer.appending("env")
        for variable in requested.variables {
            guard let own = environment.elements(variable.name).last else {
                if variable.unlessSet.contains(where: environment.hasVariable) { continue }
                added.append(variable.json)
                record.insert([variable.name], of: container.name)
                continue
            }
            guard own.literal != variable.value else { continue }
            guard recorded.contains(variable.name) else {
                overridden.append(variable.name)
                continue
            }
            for element in environment.elements(variable.name) {
                patch.replace(variable.json, at: pointer.appending(element.index))
            }
        }
        append(added, to: pointer, exists: container.hasEnvironment)
        guard !overridden.isEmpty else { return }
        let names = overridden.joined(separator: ", ")
        // A release before 0.2.0 recorded no variables.
        let isUnknown = found.isNative != nil && !InjectionRecord.hasVariables(pod.annotations, policy)
        warnings.append(
            isUnknown
                ? "the container \(container.quotedName) keeps \(names), since an earlier release of the gateway has "
                    + "injected the Pod and not recorded its variables; create the Pod from its template to use the "
                    + "injected value"
                : "the container \(container.quotedName) sets \(names) itself; remove it to use the injected value")
    }
}

/// A container that gets the tokens, with its variables as far as they are examined.
private struct ServedContainer {
    let reading: ContainerReading
    let environment: ContainerEnvironment
}

extension Substring {
    fileprivate var trimmingWhiteSpace: Substring {
        var rest = self
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
