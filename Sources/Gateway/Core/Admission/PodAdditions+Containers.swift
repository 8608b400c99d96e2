import JSON

// What every container is given but the sidecar.

extension PodAdditions {
    mutating func addToContainers() throws(AdmissionDenial) {
        let key = policy.key("skip-containers")
        let skipped = Set(
            (pod.annotations[key] ?? "").split { ",;".contains($0) }
                .map { String($0.trimmingWhiteSpace) }.filter { !$0.isEmpty })
        let containers = pod.initContainers + pod.containers
        for name in skipped.subtracting(containers.map(\.name)).sorted().prefix(Self.namedInWarnings) {
            warnings.append("\(key): the Pod has no container \(PodQuotation.of(name)); name one of its containers")
        }
        let own = [InjectedNames.sidecar, InjectedNames.firstFetch]
        let served = containers.filter { !own.contains($0.name) && !skipped.contains($0.name) }
        try checkSize(count: served.count)
        for container in served {
            try addMount(to: container)
            addVariables(to: container)
        }
    }

    /// What a long annotation names is not all told.
    private static let namedInWarnings = 8
    /// Bytes; with more the Pod could not be stored (etcd's `--max-request-bytes` is 1.5 MiB).
    static let largestAdditions = 1 << 20
    /// Bytes, about, of a patch's operation for a mount or a variable beside the variable's name and value.
    private static let operationLength = 128

    /// A short list of many containers must not become an answer that is a hundred times as long.
    private func checkSize(count: Int) throws(AdmissionDenial) {
        let each = requested.variables.reduce(Self.operationLength) {
            $0 + $1.name.utf8.count + $1.value.utf8.count + Self.operationLength
        }
        guard count * each > Self.largestAdditions else { return }
        throw AdmissionDenial(
            .forbidden,
            "the Pod has \(count) containers, and what they were to be given is longer than \(Self.largestAdditions) "
                + "bytes; name those that need no token in \(policy.key("skip-containers"))")
    }

    private mutating func addMount(to container: ContainerReading) throws(AdmissionDenial) {
        let folder = InjectedNames.tokenFolder
        func refusal(_ fact: String) -> AdmissionDenial {
            AdmissionDenial(
                .forbidden,
                "the container \(container.quotedName) \(fact); mount it elsewhere, or name the container in "
                    + policy.key("skip-containers"))
        }
        var isThere = false
        for mount in container.mounts {
            if mount.path == folder {
                guard mount.volume == InjectedNames.tokenVolume, mount.isReadOnly, !mount.isPartial else {
                    throw refusal("mounts something else at \(folder), where its tokens are to be")
                }
                isThere = true
            } else if mount.path.utf8.starts(with: "\(folder)/".utf8) {
                throw refusal("mounts something below \(folder), where its tokens are to be")
            } else if mount.volume == InjectedNames.tokenVolume, annotations.createsVolume {
                throw refusal("mounts \(mount.volume) elsewhere than at \(folder)")
            } else if mount.volume == InjectedNames.subjectTokenVolume {
                throw refusal("mounts \(mount.volume), which is the sidecar's alone")
            }
        }
        guard !isThere else { return }
        append(
            [SidecarContainers.tokenMount], to: container.pointer.appending("volumeMounts"),
            isThere: container.hasMounts)
    }

    private mutating func addVariables(to container: ContainerReading) {
        var added: [JSONValue] = []
        var kept: [String] = []
        for variable in requested.variables {
            guard let own = container.environment[variable.name] else {
                added.append(["name": .string(variable.name), "value": .string(variable.value)])
                continue
            }
            if own != variable.value { kept.append(variable.name) }
        }
        append(added, to: container.pointer.appending("env"), isThere: container.hasEnvironment)
        if !kept.isEmpty {
            warnings.append(
                "the container \(container.quotedName) sets \(kept.joined(separator: ", ")) itself, and keeps that; "
                    + "leave it out to have the injected value")
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
