import JSON

// What API servers accept.

extension AdmissionPolicyManifest {
    /// The maximum length of an expression in code points. API servers reject more than 100,000 (k8s.io/apiserver,
    /// pkg/cel/limits.go).
    static let maximumExpression = 95_000
    /// The maximum length of an object in bytes. etcd rejects requests of more than 1.5 MiB (`--max-request-bytes`), and the
    /// API server adds the fields' managers.
    static let maximumObject = 1_250_000

    /// Why an API server would reject an object of the manifest.
    static func excesses(of object: JSONValue) -> [String] {
        let place = "\(object["kind"]?.stringValue ?? "") \(object["metadata"]?["name"]?.stringValue ?? "")"
        let advice = "too many endpoints, or too many variables and files of them; use admission: webhook"
        var reasons: [String] = []
        let expression = longestExpression(in: object)
        if expression > maximumExpression {
            reasons.append(
                "an expression of the \(place) has \(expression) characters, and an API server accepts "
                    + "\(maximumExpression): \(advice)")
        }
        let length = object.text.utf8.count
        if length > maximumObject {
            reasons.append(
                "the \(place) has \(length) bytes, and an API server stores \(maximumObject): \(advice)")
        }
        return reasons
    }

    private static func longestExpression(in value: JSONValue) -> Int {
        switch value {
        case .array(let elements): elements.map(longestExpression).max() ?? 0
        case .object(let members):
            members.map { member in
                guard member.name == "expression", let text = member.value.stringValue else {
                    return longestExpression(in: member.value)
                }
                return text.unicodeScalars.count
            }
            .max() ?? 0
        default: 0
        }
    }
}
