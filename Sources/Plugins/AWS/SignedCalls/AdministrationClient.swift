import AWSXML
import GatewayPluginAPI

/// A client of one service for the calls of an administrator. Errors keep the service's code.
struct AdministrationClient: Sendable {
    let client: AWSClient
    let endpoint: ServiceEndpoint
    let signer: SigV4Signer

    /// - Parameter path: below the endpoint's, with its first slash.
    /// - Returns: the response; its status is 2xx.
    func send(
        _ method: String, _ path: String, query: [HTTPHeaderField] = [], headers: [HTTPHeaderField] = [],
        body: [UInt8] = [], host: String? = nil, call: String
    ) async throws(CallFailure) -> HTTPTransportResponse {
        let request = ServiceRequest(
            method: method, host: host ?? endpoint.authority, path: endpoint.path + path, query: query,
            headers: headers, body: body)
        let response: HTTPTransportResponse
        do {
            response = try await client.send(request, scheme: endpoint.scheme, signer: signer, call: call)
        } catch {
            throw CallFailure(call: call, cause: .other(error))
        }
        guard (200..<300).contains(response.status) else {
            throw CallFailure(call: call, cause: .response(ServiceError(response)))
        }
        return response
    }

    /// Parses the response's body.
    static func document(
        _ response: HTTPTransportResponse, call: String, limit: Int = XMLElement.Limits.defaultLength
    ) throws(CallFailure) -> XMLElement {
        do {
            return try XMLElement(parsing: response.body, limits: XMLElement.Limits(length: limit))
        } catch {
            throw CallFailure(
                call: call,
                cause: .other(
                    PublishError(
                        .malformed,
                        "\(call): the response is not the service's XML (\(error)); check for a proxy in between"
                    )))
        }
    }

    static func malformed(_ call: String, _ what: String) -> CallFailure {
        CallFailure(
            call: call,
            cause: .other(
                PublishError(.malformed, "\(call): the response has no \(what); check for a proxy in between")))
    }
}
