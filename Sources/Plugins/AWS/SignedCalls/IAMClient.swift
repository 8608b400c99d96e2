import AWSXML
import GatewayPluginAPI

/// An IAM client (IAM API Reference 2010-05-08, the query protocol), and `sts:GetCallerIdentity`, which has the same
/// protocol.
struct IAMClient: Sendable {
    let service: AdministrationClient
    let version: String

    init(iam: AdministrationClient) {
        service = iam
        version = "2010-05-08"
    }

    init(sts: AdministrationClient) {
        service = sts
        version = "2011-06-15"
    }

    /// A call: the parameters of its form, in order.
    struct Call: Sendable {
        let action: String
        var parameters: [(name: String, value: String)]
        /// The resource in error texts.
        let resource: String

        init(_ action: String, on resource: String = "", _ parameters: [(String, String)]) {
            self.action = action
            self.resource = resource
            self.parameters = parameters.map { ($0.0, $0.1) }
        }

        /// Appends a list parameter.
        func list(_ name: String, _ values: [String]) -> Call {
            var call = self
            call.parameters += values.enumerated().map { ("\(name).member.\($0.offset + 1)", $0.element) }
            return call
        }

        /// Appends tags.
        func tags(_ tags: [ResourceTag]) -> Call {
            var call = self
            for (index, tag) in tags.enumerated() {
                call.parameters.append(("Tags.member.\(index + 1).Key", tag.key))
                call.parameters.append(("Tags.member.\(index + 1).Value", tag.value))
            }
            return call
        }

        /// The form, a line for each parameter, for a plan.
        var text: String {
            (["Action=\(action)"] + parameters.map { "\($0.name)=\($0.value)" }).joined(separator: "\n")
        }
    }

    /// - Returns: the result element.
    @discardableResult
    func send(
        _ call: Call, service name: String = "iam", limit: Int = XMLElement.Limits.defaultLength
    ) async throws(CallFailure) -> XMLElement {
        let form = [("Action", call.action), ("Version", version)] + call.parameters.map { ($0.name, $0.value) }
        let body = form.map { "\(PercentEncoding.encode($0.0.utf8))=\(PercentEncoding.encode($0.1.utf8))" }
            .joined(separator: "&")
        let text = "\(name):\(call.action)" + (call.resource.isEmpty ? "" : " on \"\(call.resource)\"")
        let response = try await service.send(
            "POST", "/",
            headers: [
                HTTPHeaderField("Content-Type", "application/x-www-form-urlencoded"),
                HTTPHeaderField("Accept", "text/xml"),
            ], body: Array(body.utf8), call: text)
        let root = try AdministrationClient.document(response, call: text, limit: limit)
        return root["\(call.action)Result"] ?? root
    }

    /// - Returns: nil where the entity does not exist.
    func find(_ call: Call) async throws(CallFailure) -> XMLElement? {
        do {
            return try await send(call)
        } catch {
            if error.code == "NoSuchEntity" { return nil }
            throw error
        }
    }

    /// Reads all pages of a list.
    ///
    /// - Parameter element: of the result, such as `Roles`.
    /// - Returns: its members.
    func list(_ call: Call, _ element: String) async throws(CallFailure) -> [XMLElement] {
        var found: [XMLElement] = []
        var marker: String?
        for _ in 0..<Self.maximumPages {
            var page = call
            page.parameters.append(("MaxItems", "20"))
            if let marker { page.parameters.append(("Marker", marker)) }
            let result = try await send(page, limit: Self.maximumListLength)
            found += result[element]?.children ?? []
            guard result["IsTruncated"]?.text == "true" else { return found }
            guard let next = result["Marker"]?.text, !next.isEmpty, next != marker else {
                throw AdministrationClient.malformed("iam:\(call.action)", "Marker")
            }
            marker = next
        }
        throw AdministrationClient.malformed("iam:\(call.action)", "last page within \(Self.maximumPages) pages")
    }

    private static let maximumPages = 500
    /// In bytes. A page of roles has twenty trust policies of at most 8,192 characters, URL-encoded.
    private static let maximumListLength = 1 << 19

    /// The request as it is sent, for a plan.
    func text(_ call: Call) -> String { "POST \(service.endpoint.url)/\n\(call.text)" }

    /// Reads a URL-encoded policy of a response (RFC 3986).
    static func policy(_ text: String) -> String { PercentEncoding.decode(text) }
}
