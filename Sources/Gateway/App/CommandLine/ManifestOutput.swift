import ArgumentParser
import JSON
import KubernetesAPI

/// What the commands that print manifests for `kubectl apply` share.
enum ManifestOutput {
    /// The gateway's namespace: that of the option `--namespace`, else the Pod's.
    static func namespace(_ option: String?) throws -> String {
        guard let namespace = option ?? CommandEnvironment.namespace else {
            throw ValidationError(
                "--namespace: the gateway's namespace is not known; set the option or POD_NAMESPACE")
        }
        guard KubernetesName.isLabel(namespace) else {
            throw ValidationError("--namespace: invalid namespace \"\(namespace)\"; expected a-z, 0-9 and \"-\"")
        }
        return namespace
    }

    /// YAML documents, or a `List` in JSON.
    static func text(_ objects: [JSONValue], asJSON: Bool) -> String {
        guard asJSON else { return objects.map(\.yamlDocument).joined(separator: "---\n") }
        let list: JSONValue = ["apiVersion": "v1", "kind": "List", "items": .array(objects)]
        return list.indentedText + "\n"
    }
}
