/// What the annotations of an injected Pod record: that it was injected, and which variables its containers got.
///
/// The record is no proof, since whoever creates a Pod writes its annotations. It decides only what injection may replace
/// in that Pod.
struct InjectionRecord: Equatable {
    /// The annotation with the endpoints' names.
    static let key = "injected"
    /// The annotation with the injected variables.
    static let variablesKey = "injected-variables"

    /// Whether the Pod was injected.
    let isPresent: Bool
    /// The names of the injected variables by container.
    private(set) var variables: [String: Set<String>] = [:]

    init(_ annotations: PodTexts, _ policy: InjectionPolicy) {
        isPresent = annotations[policy.key(Self.key)] != nil
        guard isPresent else { return }
        for group in (annotations[policy.key(Self.variablesKey)] ?? "").split(separator: ";") {
            let parts = group.split(separator: ":")
            guard parts.count == 2 else { continue }
            let names = parts[1].split(separator: ",").map(String.init)
            for container in parts[0].split(separator: ",") {
                variables[String(container), default: []].formUnion(names)
            }
        }
    }

    /// Whether the annotations record variables.
    static func hasVariables(_ annotations: PodTexts, _ policy: InjectionPolicy) -> Bool {
        annotations[policy.key(variablesKey)] != nil
    }

    /// Records variables of a container. A name with a separator is not recorded; the API server accepts none.
    mutating func insert(_ names: [String], of container: String) {
        guard !names.isEmpty, !container.isEmpty, !container.utf8.contains(where: { ",:;".utf8.contains($0) }) else {
            return
        }
        variables[container, default: []].formUnion(names)
    }

    /// Removes the containers that the Pod lacks.
    mutating func keep(_ containers: [ContainerReading]) {
        let names = Set(containers.map(\.name))
        variables = variables.filter { names.contains($0.key) }
    }

    /// The value of ``variablesKey``: groups of containers with the same variables, such as `app,worker:A,B;init:A`.
    var text: String {
        let groups = Dictionary(grouping: variables.keys) { container in
            (variables[container] ?? []).sorted().joined(separator: ",")
        }
        return groups.map { names, containers in "\(containers.sorted().joined(separator: ",")):\(names)" }
            .sorted().joined(separator: ";")
    }
}
