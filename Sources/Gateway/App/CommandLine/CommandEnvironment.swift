import FoundationEssentials

/// Values from the environment of the process.
enum CommandEnvironment {
    /// The namespace of the Pod: from `POD_NAMESPACE` (downward API), else from the ServiceAccount volume.
    static var namespace: String? {
        if let name = ProcessInfo.processInfo.environment["POD_NAMESPACE"], !name.isEmpty { return name }
        let file = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
        guard let contents = FileManager.default.contents(atPath: file),
            let name = String(validating: contents, as: UTF8.self)?.filter({ !$0.isWhitespace })
        else { return nil }
        return name.isEmpty ? nil : name
    }
}
