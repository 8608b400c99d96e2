import JSON

/// The parts of a container in a Pod's JSON that injection uses.
struct ContainerReading {
    /// A volume mount.
    struct Mount {
        let volume: String
        /// The mount path as the container runtime uses it.
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
    /// The name prefixes of variables that come from a ConfigMap or a Secret as a whole (`envFrom`), so that their names
    /// are not known.
    let sourcePrefixes: [String]
    let hasMounts: Bool
    /// The last element of `args`, or of `command` where there are no arguments.
    let lastArgument: String?

    init(_ field: PodField, at pointer: JSONPointer) throws(AdmissionDenial) {
        name = try field.member("name").requiredText()
        json = field.value ?? .null
        self.pointer = pointer
        isNativeSidecar = try field.member("restartPolicy").text() == "Always"
        let variables = try field.member("env").elements()
        hasEnvironment = variables != nil
        var environment: [String: String?] = [:]
        environment.reserveCapacity(variables?.count ?? 0)
        for variable in variables ?? [] {
            let literal = try variable.member("value").text() ?? ""
            let isLiteral = try variable.member("valueFrom").value == nil
            // Of variables with the same name, the last one is used.
            let name = try variable.member("name").requiredText()
            environment[name] = .some(isLiteral ? literal : nil)
        }
        self.environment = environment
        var prefixes: [String] = []
        for source in try field.member("envFrom").elements() ?? [] {
            prefixes.append(try source.member("prefix").text() ?? "")
        }
        sourcePrefixes = prefixes
        let mounts = try field.member("volumeMounts").elements()
        hasMounts = mounts != nil
        var read: [Mount] = []
        read.reserveCapacity(mounts?.count ?? 0)
        for mount in mounts ?? [] { read.append(try Mount(mount)) }
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

    func hasVariable(_ name: String) -> Bool { environment.keys.contains(name) }

    /// The indices in `env` of a variable.
    func environmentIndices(of name: String) -> [Int] {
        (json["env"]?.elementList ?? []).enumerated().filter { $1["name"]?.stringValue == name }.map(\.offset)
    }

    /// Whether the element of `env` has the same value. The API server omits an empty one.
    func isVariable(_ index: Int, equalTo wanted: JSONValue) -> Bool {
        guard let element = json["env"]?.elementList?[index], element["valueFrom"] ?? .null == .null else {
            return false
        }
        return element["value"]?.stringValue ?? "" == wanted["value"]?.stringValue ?? ""
    }

    /// The name, quoted for messages to the Pod's author.
    var quotedName: String { PodQuotation.of(name) }
}

extension ContainerReading.Mount {
    init(_ field: PodField) throws(AdmissionDenial) {
        volume = try field.member("name").requiredText()
        path = ContainerPath.cleaned(try field.member("mountPath").requiredText())
        isReadOnly = try field.member("readOnly").flag() ?? false
        let (path, expression) = (try field.member("subPath").text(), try field.member("subPathExpr").text())
        isPartial = !(path ?? "").isEmpty || !(expression ?? "").isEmpty
    }
}
