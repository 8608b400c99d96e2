import AWSXML
import GatewayPluginAPI

/// A CloudFront client for distributions and origin access controls (CloudFront API Reference 2020-05-31). An update or a
/// deletion sends the entity tag of the version that was read, so that a concurrent change is never overwritten.
struct DistributionClient: Sendable {
    let service: AdministrationClient

    static let namespace = "http://cloudfront.amazonaws.com/doc/2020-05-31/"

    /// A resource with its version.
    struct Versioned: Sendable {
        let element: XMLElement
        let entityTag: String
    }

    func list(_ kind: Kind) async throws(CallFailure) -> [XMLElement] {
        var found: [XMLElement] = []
        var marker: String?
        for _ in 0..<Self.maximumPages {
            let response = try await send(
                "GET", "/\(kind.rawValue)",
                query: [HTTPHeaderField("MaxItems", "10")] + (marker.map { [HTTPHeaderField("Marker", $0)] } ?? []),
                action: kind.listAction, on: nil)
            found += response.element["Items"]?.children ?? []
            guard response.element["IsTruncated"]?.text == "true" else { return found }
            guard let next = response.element["NextMarker"]?.text, !next.isEmpty, next != marker else {
                throw AdministrationClient.malformed(kind.listAction, "NextMarker")
            }
            marker = next
        }
        throw AdministrationClient.malformed(kind.listAction, "last page within \(Self.maximumPages) pages")
    }

    enum Kind: String, Sendable {
        case distribution
        case originAccessControl = "origin-access-control"

        var listAction: String {
            self == .distribution ? "cloudfront:ListDistributions" : "cloudfront:ListOriginAccessControls"
        }
        fileprivate var action: String { self == .distribution ? "Distribution" : "OriginAccessControl" }
    }

    /// - Returns: the resource with its configuration and state; nil where it does not exist.
    func get(_ kind: Kind, _ id: String) async throws(CallFailure) -> Versioned? {
        do {
            return try await send("GET", "/\(kind.rawValue)/\(id)", action: "cloudfront:Get\(kind.action)", on: id)
        } catch {
            if ["NoSuchDistribution", "NoSuchOriginAccessControl"].contains(error.code) { return nil }
            throw error
        }
    }

    func createAccessControl(_ configuration: XMLElement) async throws(CallFailure) -> XMLElement {
        try await send(
            "POST", "/\(Kind.originAccessControl.rawValue)", body: configuration,
            action: "cloudfront:CreateOriginAccessControl", on: nil
        ).element
    }

    func createDistribution(_ configuration: XMLElement, tags: [ResourceTag]) async throws(CallFailure) -> XMLElement {
        try await send(
            "POST", "/distribution", query: [HTTPHeaderField("WithTags", "")],
            body: Self.withTags(configuration, tags), action: "cloudfront:CreateDistribution", on: nil
        ).element
    }

    static func withTags(_ configuration: XMLElement, _ tags: [ResourceTag]) -> XMLElement {
        .tree(
            "DistributionConfigWithTags",
            [configuration, .tree("Tags", [.tree("Items", tags.map(\.element))])])
    }

    func update(_ kind: Kind, _ id: String, _ configuration: XMLElement, ifMatch tag: String) async throws(CallFailure)
    {
        _ = try await send(
            "PUT", "/\(kind.rawValue)/\(id)/config", headers: [HTTPHeaderField("If-Match", tag)], body: configuration,
            action: "cloudfront:Update\(kind.action)", on: id)
    }

    func delete(_ kind: Kind, _ id: String, ifMatch tag: String) async throws(CallFailure) {
        let call = "cloudfront:Delete\(kind.action) on \"\(id)\""
        _ = try await service.send(
            "DELETE", "/2020-05-31/\(kind.rawValue)/\(id)", headers: [HTTPHeaderField("If-Match", tag)], call: call)
    }

    func tags(of arn: String) async throws(CallFailure) -> [ResourceTag] {
        let response = try await send(
            "GET", "/tagging", query: [HTTPHeaderField("Resource", arn)], action: "cloudfront:ListTagsForResource",
            on: arn)
        return (response.element["Items"]?.children ?? []).compactMap(ResourceTag.init)
    }

    func tag(_ arn: String, _ tags: [ResourceTag]) async throws(CallFailure) {
        let body = Self.tags(tags).document(namespace: Self.namespace)
        _ = try await service.send(
            "POST", "/2020-05-31/tagging",
            query: [HTTPHeaderField("Operation", "Tag"), HTTPHeaderField("Resource", arn)],
            headers: Self.contentType, body: body, call: "cloudfront:TagResource on \"\(arn)\"")
    }

    func untag(_ arn: String, _ keys: [String]) async throws(CallFailure) {
        _ = try await service.send(
            "POST", "/2020-05-31/tagging",
            query: [HTTPHeaderField("Operation", "Untag"), HTTPHeaderField("Resource", arn)],
            headers: Self.contentType, body: Self.tagKeys(keys).document(namespace: Self.namespace),
            call: "cloudfront:UntagResource on \"\(arn)\"")
    }

    static func tagKeys(_ keys: [String]) -> XMLElement {
        .tree("TagKeys", [.tree("Items", keys.map { .text("Key", $0) })])
    }

    static func tags(_ tags: [ResourceTag]) -> XMLElement { .tree("Tags", [.tree("Items", tags.map(\.element))]) }

    /// The request as it is sent, for a plan.
    func text(_ method: String, _ path: String, _ body: XMLElement?) -> String {
        "\(method) \(service.endpoint.url)/2020-05-31/\(path)" + (body.map { "\n\($0.outline)" } ?? "")
    }

    private static let contentType = [HTTPHeaderField("Content-Type", "application/xml")]
    private static let maximumPages = 100

    private func send(
        _ method: String, _ path: String, query: [HTTPHeaderField] = [], headers: [HTTPHeaderField] = [],
        body: XMLElement? = nil, action: String, on resource: String?
    ) async throws(CallFailure) -> Versioned {
        let call = action + (resource.map { " on \"\($0)\"" } ?? "")
        let response = try await service.send(
            method, "/2020-05-31\(path)", query: query, headers: headers + (body == nil ? [] : Self.contentType),
            body: body?.document(namespace: Self.namespace) ?? [], call: call)
        return Versioned(
            element: try AdministrationClient.document(response, call: call),
            entityTag: response.header("etag") ?? "")
    }
}
