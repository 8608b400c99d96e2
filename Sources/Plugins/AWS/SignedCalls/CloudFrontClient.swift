import AWSXML
import GatewayPluginAPI

/// The two calls of CloudFront that publishing needs (CloudFront API Reference 2020-05-31: CreateInvalidation,
/// GetInvalidation).
struct CloudFrontClient: Sendable {
    let distribution: String
    let endpoint: ServiceEndpoint
    /// What calls are signed for.
    let region: String
    let caller: ServiceCaller

    /// - Parameters:
    ///   - paths: each begins with a slash; already escaped.
    ///   - reference: the CallerReference: the same one asks for the same invalidation.
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
        else { throw PublishError(.malformed, "\(call): the answer has no invalidation's Id; is it CloudFront?") }
        return id
    }

    /// `InProgress`, `Completed`, or another word.
    func status(ofInvalidation id: String) async throws(PublishError) -> String {
        let call = "cloudfront:GetInvalidation on \"\(distribution)\""
        let invalidation = try await send("GET", "/\(id)", [], call, permission: "cloudfront:GetInvalidation")
        guard let status = invalidation["Status"]?.text, !status.isEmpty else {
            throw PublishError(.malformed, "\(call): the answer has no Status; is it CloudFront?")
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
        let response = try await caller.send(
            request, scheme: endpoint.scheme, signer: RequestSigner(service: .cloudFront, region: region), call: call)
        guard (200..<300).contains(response.status) else {
            throw ServiceError(response).publishError(call, permission: permission)
        }
        do throws(XMLReadingError) {
            let root = try XMLElement(parsing: response.body)
            if root.name == "Invalidation" { return root }
        } catch {
            throw PublishError(
                .malformed,
                "\(call): the answer is not the XML of an invalidation, but \(error); is there a proxy in between?")
        }
        throw PublishError(
            .malformed, "\(call): the answer is XML, but no invalidation; is it CloudFront that answers?")
    }
}
