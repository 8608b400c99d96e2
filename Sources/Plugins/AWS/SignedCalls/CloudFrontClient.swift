import AWSXML
import GatewayPluginAPI

/// A CloudFront client with the two calls that publishing needs (CloudFront API Reference 2020-05-31: CreateInvalidation,
/// GetInvalidation).
struct CloudFrontClient: Sendable {
    let distribution: String
    let endpoint: ServiceEndpoint
    /// The region of the signatures.
    let region: String
    let client: AWSClient

    /// - Parameters:
    ///   - paths: each begins with a slash and is percent-encoded.
    ///   - reference: the CallerReference, an idempotency key.
    /// - Returns: the invalidation's id.
    func createInvalidation(paths: [String], reference: String) async throws(PublishError) -> String {
        let items = paths.map { "<Path>\(XMLText.escape($0))</Path>" }.joined()
        let body = """
            <?xml version="1.0" encoding="UTF-8"?>
            <InvalidationBatch xmlns="\(Self.namespace)"><Paths><Quantity>\(paths.count)</Quantity>\
            <Items>\(items)</Items></Paths><CallerReference>\(XMLText.escape(reference))</CallerReference>\
            </InvalidationBatch>
            """
        let call = "cloudfront:CreateInvalidation on \"\(distribution)\""
        let invalidation = try await send(
            "POST", "", Array(body.utf8), call, permission: "cloudfront:CreateInvalidation")
        guard let id = invalidation["Id"]?.text, (1...64).contains(id.utf8.count),
            id.utf8.allSatisfy({ (0x30...0x7A).contains($0) })
        else {
            throw PublishError(
                .malformed, "\(call): the response has no invalidation Id; check that the endpoint is CloudFront")
        }
        return id
    }

    /// Returns the status: `InProgress`, `Completed`, or another one.
    func status(ofInvalidation id: String) async throws(PublishError) -> String {
        let call = "cloudfront:GetInvalidation on \"\(distribution)\""
        let invalidation = try await send("GET", "/\(id)", [], call, permission: "cloudfront:GetInvalidation")
        guard let status = invalidation["Status"]?.text, !status.isEmpty else {
            throw PublishError(.malformed, "\(call): the response has no Status; check that the endpoint is CloudFront")
        }
        return status
    }

    private static let namespace = "http://cloudfront.amazonaws.com/doc/2020-05-31/"

    private func send(
        _ method: String, _ tail: String, _ body: [UInt8], _ call: String, permission: String
    ) async throws(PublishError) -> XMLElement {
        let request = ServiceRequest(
            method: method, host: endpoint.authority,
            path: "\(endpoint.path)/2020-05-31/distribution/\(distribution)/invalidation\(tail)",
            headers: body.isEmpty ? [] : [HTTPHeaderField("Content-Type", "text/xml")], body: body)
        let response = try await client.send(
            request, scheme: endpoint.scheme, signer: SigV4Signer(service: .cloudFront, region: region), call: call,
            maximumResponseBytes: XMLElement.Limits.defaultLength)
        guard (200..<300).contains(response.status) else {
            throw ServiceError(response).publishError(call, permission: permission)
        }
        do throws(XMLReadingError) {
            let root = try XMLElement(parsing: response.body)
            if root.name == "Invalidation" { return root }
        } catch {
            throw PublishError(
                .malformed,
                "\(call): the response is not CloudFront XML (\(error)); check for a proxy in between")
        }
        throw PublishError(
            .malformed, "\(call): the response is not an Invalidation; check that the endpoint is CloudFront")
    }
}
