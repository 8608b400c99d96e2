import JSON

/// The parts of a container in a Pod's JSON that injection uses.
struct ContainerReading {
    /// A volume mount.
    struct Mount {
        let volume: String
        /// The mount path without a trailing slash.
        let path: String
        let isReadOnly: Bool
        /// Whether only a part of the volume is mounted (`subPath`).
        let isPartial: Bool
    }

    let json: JSONValue
    /// The container's location in the Pod.
    let pointer: JSONPointer
    let name: String
    /// Whether this is a native sidecar: an init container with the restart policy `Always`.
    let isNativeSidecar: Bool
    /// The literal value of each variable; nil where it has `valueFrom`.
    let environment: [String: String?]
    let mounts: [Mount]
    let hasEnvironment: Bool
    /// Whether variables come from a ConfigMap or a Secret as a whole (`envFrom`), so that their names are not known.
    let hasEnvironmentSources: Bool
    let hasMounts: Bool

    init(_ field: PodField, at pointer: JSONPointer) throws(AdmissionDenial) {
        name = try field.member("name").requiredText()
        json = field.value ?? .null
        self.pointer = pointer
        isNativeSidecar = try field.member("restartPolicy").text() == "Always"
        let variables = try field.member("env").elements()
        hasEnvironment = variables != nil
        var environment: [String: String?] = [:]
        for variable in variables ?? [] {
            let literal = try variable.member("value").text() ?? ""
            let isLiteral = try variable.member("valueFrom").value == nil
            // Of variables with the same name, the last one is used.
            environment[try variable.member("name").requiredText()] = .some(isLiteral ? literal : nil)
        }
        self.environment = environment
        hasEnvironmentSources = try field.member("envFrom").elements()?.isEmpty == false
        let mounts = try field.member("volumeMounts").elements()
        hasMounts = mounts != nil
        var read: [Mount] = []
        for mount in mounts ?? [] { read.append(try Mount(mount)) }
        self.mounts = read
    }

    /// The name, quoted for messages to the Pod's author.
    var quotedName: String { PodQuotation.of(name) }
}

extension ContainerReading.Mount {
    init(_ field: PodField) throws(AdmissionDenial) {
        volume = try field.member("name").requiredText()
        var path = try field.member("mountPath").requiredText()
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        isReadOnly = try field.member("readOnly").flag() ?? false
        let parts = [try field.member("subPath").text(), try field.member("subPathExpr").text()]
        isPartial = parts.contains { !($0 ?? "").isEmpty }
    }
}
