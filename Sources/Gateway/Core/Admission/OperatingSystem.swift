import JSON

/// Whether a Pod runs on Windows nodes only, as far as its specification says. RuntimeClasses are not read.
enum OperatingSystem {
    static let labels: Set<String> = ["kubernetes.io/os", "beta.kubernetes.io/os"]

    /// Why such a Pod is denied.
    static let denial =
        "Windows Pods are not supported, since the sidecar and the node driver run on Linux only; remove the label"

    /// - Parameter spec: the Pod's `spec`.
    static func isWindows(_ spec: some JSONReadable, nodeSelector: PodTexts) -> Bool {
        let names = [spec["os"]?["name"]?.stringValue] + labels.map { nodeSelector[$0] }
        if names.contains(where: { $0?.lowercased() == "windows" }) { return true }
        let containers = ["initContainers", "containers"].flatMap { spec[$0]?.elementList ?? [] }
        let contexts = ([spec] + containers).map { $0["securityContext"]?["windowsOptions"] }
        if contexts.contains(where: { $0?.hasMembers ?? false }) { return true }
        let required = spec["affinity"]?["nodeAffinity"]?["requiredDuringSchedulingIgnoredDuringExecution"]
        let terms = required?["nodeSelectorTerms"]?.elementList ?? []
        return !terms.isEmpty
            && terms.allSatisfy { ($0["matchExpressions"]?.elementList ?? []).contains(where: admitsOnlyWindows) }
    }

    /// Whether the requirement of a node affinity term excludes Linux.
    private static func admitsOnlyWindows(_ expression: some JSONReadable) -> Bool {
        guard let key = expression["key"]?.stringValue, labels.contains(key) else { return false }
        let values = (expression["values"]?.elementList ?? []).compactMap { $0.stringValue?.lowercased() }
        switch expression["operator"]?.stringValue {
        case "In": return !values.isEmpty && values.allSatisfy { $0 == "windows" }
        case "NotIn": return values.contains("linux")
        default: return false
        }
    }
}
