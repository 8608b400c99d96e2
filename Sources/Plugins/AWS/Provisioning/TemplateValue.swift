import AWSXML
import JSON

/// Converts the XML of requests to the values of CloudFormation, which has the same member names.
enum TemplateValue {
    private static let numbers: Set<String> = ["ErrorCode", "ErrorCachingMinTTL"]
    private static let renamed = ["ACMCertificateArn": "AcmCertificateArn", "SSLSupportMethod": "SslSupportMethod"]

    static func object(_ element: XMLElement) -> JSONValue {
        var members: [JSONValue.Member] = []
        for child in element.children where child.name != "Quantity" {
            let name = renamed[child.name] ?? child.name
            if child.name == "Rule" {
                members.append(.init("Rules", [object(child)]))
            } else if child["Quantity"] != nil, child["Items"] != nil || child.children.count == 1 {
                members.append(.init(name, .array((child["Items"]?.children ?? []).map(value))))
                // A list in a list, such as the cached ones of the allowed methods.
                for inner in child.children where inner["Quantity"] != nil {
                    members.append(.init(inner.name, .array((inner["Items"]?.children ?? []).map(value))))
                }
            } else if !child.children.isEmpty || !child.text.isEmpty || child.name == "OriginAccessIdentity" {
                members.append(.init(name, value(child)))
            }
        }
        return .object(members)
    }

    private static func value(_ element: XMLElement) -> JSONValue {
        guard element.children.isEmpty else { return object(element) }
        if element.text == "true" || element.text == "false" { return .bool(element.text == "true") }
        if numbers.contains(element.name), let number = Int(element.text) { return .integer(number) }
        return .string(element.text)
    }
}
