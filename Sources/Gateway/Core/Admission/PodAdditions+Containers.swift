import GatewayPluginAPI
import JSON

// The additions to every container except the sidecar.

extension PodAdditions {
    mutating func addToContainers() throws(AdmissionDenial) {
        let key = policy.key("skip-containers")
        let skipped = Set(
            (pod.annotations[key] ?? "").split { ",;".contains($0) }
                .map { String($0.trimmingWhiteSpace) }.filter { !$0.isEmpty })
        let containers = pod.initContainers + pod.containers
        for name in skipped.subtracting(containers.map(\.name)).sorted().prefix(Self.namedInWarnings) {
            warnings.append("\(key): unknown container \(PodQuotation.of(name)); name a container of the Pod")
        }
        let own = [InjectedNames.sidecar, InjectedNames.firstFetch]
        let served = containers.filter { !own.contains($0.name) && !skipped.contains($0.name) }
        try checkSize(count: served.count)
        for container in served {
            try addMount(to: container)
            addVariables(to: container)
        }
        checkExpectedVariables(of: served)
    }

    /// Warns of settings that no container has.
    private mutating func checkExpectedVariables(of containers: [ContainerReading]) {
        for (endpoint, expected) in requested.expectedVariables {
            let names = Set(expected.names)
            guard !containers.isEmpty, !requested.variables.contains(where: { names.contains($0.name) }),
                !containers.contains(where: { container in
                    container.hasEnvironmentSources || names.contains { container.environment.keys.contains($0) }
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
        for mount in container.mounts {
            if mount.path == folder {
                guard mount.volume == InjectedNames.tokenVolume, mount.isReadOnly, !mount.isPartial else {
                    throw denial("mounts another volume at \(folder), which is reserved for tokens")
                }
                exists = true
            } else if mount.path.utf8.starts(with: "\(folder)/".utf8) {
                throw denial("mounts a volume below \(folder), which is reserved for tokens")
            } else if mount.volume == InjectedNames.tokenVolume, annotations.createsVolume {
                throw denial("mounts \(mount.volume) at a path other than \(folder)")
            } else if mount.volume == InjectedNames.subjectTokenVolume {
                throw denial("mounts \(mount.volume), which is reserved for the sidecar")
            }
        }
        guard !exists else { return }
        append(
            [SidecarContainers.tokenMount], to: container.pointer.appending("volumeMounts"),
            exists: container.hasMounts)
    }

    private mutating func addVariables(to container: ContainerReading) {
        var added: [JSONValue] = []
        var overridden: [String] = []
        for variable in requested.variables {
            guard let own = container.environment[variable.name] else {
                if variable.unlessSet.contains(where: container.environment.keys.contains) { continue }
                added.append(["name": .string(variable.name), "value": .string(variable.value)])
                continue
            }
            if own != variable.value { overridden.append(variable.name) }
        }
        append(added, to: container.pointer.appending("env"), exists: container.hasEnvironment)
        if !overridden.isEmpty {
            warnings.append(
                "the container \(container.quotedName) sets \(overridden.joined(separator: ", ")) itself; "
                    + "remove it to use the injected value")
        }
    }
}

extension Substring {
    fileprivate var trimmingWhiteSpace: Substring {
        var rest = self
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
