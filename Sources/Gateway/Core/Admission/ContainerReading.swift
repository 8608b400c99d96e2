import JSON

/// A container of a Pod's raw JSON, as far as injection looks at it.
struct ContainerReading {
    struct Mount {
        let volume: String
        /// Without a slash at its end.
        let path: String
        let isReadOnly: Bool
        /// Whether a part of the volume is mounted only.
        let isPartial: Bool
    }

    let json: JSONValue
    /// Where it lies in the Pod.
    let pointer: JSONPointer
    let name: String
    /// Whether it is an init container that runs beside the others (a native sidecar).
    let isNativeSidecar: Bool
    /// The literal value of each variable; nil where it comes from elsewhere.
    let environment: [String: String?]
    let mounts: [Mount]
    let hasEnvironment: Bool
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
            // The last of a name holds.
            environment[try variable.member("name").requiredText()] = .some(isLiteral ? literal : nil)
        }
        self.environment = environment
        let mounts = try field.member("volumeMounts").elements()
        hasMounts = mounts != nil
        var read: [Mount] = []
        for mount in mounts ?? [] { read.append(try Mount(mount)) }
        self.mounts = read
    }

    /// Its name as a message to the Pod's author has it.
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
