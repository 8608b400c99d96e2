import JSON

/// The parts of a container in a Pod's JSON that injection uses.
struct ContainerReading {
    /// A volume mount.
    struct Mount {
        /// The index in `volumeMounts`.
        let index: Int
        let volume: String
        /// The mount path as the container runtime uses it.
        let path: String
        let isReadOnly: Bool
        /// Whether only a part of the volume is mounted (`subPath`).
        let isPartial: Bool
    }

    let json: JSONNode
    /// The container's location in the Pod.
    let pointer: JSONPointer
    let name: String
    /// Whether this is a native sidecar: an init container with the restart policy `Always`.
    let isNativeSidecar: Bool
    /// Those with a volume of injection, or with a path that may be near the tokens' folder. Most containers have others.
    let mounts: [Mount]
    let hasEnvironment: Bool
    /// The name prefixes of variables that come from a ConfigMap or a Secret as a whole (`envFrom`), so that their names
    /// are not known.
    let sourcePrefixes: [String]
    let hasMounts: Bool
    /// The last element of `args`, or of `command` where there are no arguments.
    let lastArgument: String?

    init(_ field: PodField, at pointer: JSONPointer) throws(AdmissionDenial) {
        name = try field.member("name").requiredText()
        guard let json = field.value else { throw field.denial(expected: "an object") }
        self.json = json
        self.pointer = pointer
        isNativeSidecar = try field.member("restartPolicy").text() == "Always"
        hasEnvironment = try field.member("env").checkElements(.text("value"), .requiredText("name"))
        var prefixes: [String] = []
        for source in try field.member("envFrom").elements() ?? [] {
            prefixes.append(try source.member("prefix").text() ?? "")
        }
        sourcePrefixes = prefixes
        let mounts = try field.member("volumeMounts")
        hasMounts = try mounts.checkElements(
            .requiredText("name"), .requiredText("mountPath"), .flag("readOnly"), .text("subPath"),
            .text("subPathExpr"))
        var read: [Mount] = []
        mounts.value?.forEachElement { if Mount.matters($0) { read.append(Mount($0)) } }
        self.mounts = read
        let arguments = ["args", "command"].lazy.compactMap { [json] in json[$0]?.elementList?.last }
        lastArgument = arguments.first?.stringValue
    }

    /// The container's path, such as `spec.containers[0]`.
    var location: String {
        pointer.tokens.reduce("") { path, token in
            Int(token) != nil ? "\(path)[\(token)]" : path.isEmpty ? token : "\(path).\(token)"
        }
    }

    /// Whether variables come from a ConfigMap or a Secret as a whole.
    var hasEnvironmentSources: Bool { !sourcePrefixes.isEmpty }

    /// Whether a ConfigMap or a Secret may have the variable.
    func maySource(_ name: String) -> Bool { sourcePrefixes.contains { name.utf8.starts(with: $0.utf8) } }

    /// The literal value of a variable; nil where there is none, or it has `valueFrom`.
    func literal(_ name: String) -> String? { environment(of: VariableNames([name])).literal(name) }

    /// The variables with some names. A container may have many more of them.
    func environment(of names: VariableNames) -> ContainerEnvironment { ContainerEnvironment(json["env"], of: names) }

    /// The name, quoted for messages to the Pod's author.
    var quotedName: String { PodQuotation.of(name) }
}

extension ContainerReading.Mount {
    /// Whether an element that was checked has a volume of injection, or a path that may be near the tokens' folder.
    fileprivate static func matters(_ element: borrowing JSONElement) -> Bool {
        element.hasString(InjectedNames.tokenVolume, at: "name")
            || element.hasString(InjectedNames.subjectTokenVolume, at: "name")
            || element.withUTF8(of: "mountPath", ContainerPath.isElsewhere) != true
    }

    /// Reads an element that was checked.
    fileprivate init(_ element: borrowing JSONElement) {
        index = element.index
        volume = element.string("name") ?? ""
        path = ContainerPath.cleaned(element.string("mountPath") ?? "")
        isReadOnly = element.bool("readOnly") ?? false
        isPartial = element.kind(of: "subPath") == .string || element.kind(of: "subPathExpr") == .string
    }
}
