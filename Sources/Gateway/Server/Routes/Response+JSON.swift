import GatewayCore
import HTTPTypes
import Hummingbird
import JSON
import NIOCore

extension Response {
    /// A JSON response for one caller, with `no-store`.
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        headers[.cacheControl] = "no-store"
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.utf8Text)))
    }

    static func error(
        _ status: HTTPResponse.Status, _ code: String, _ description: String, headers: HTTPFields = [:]
    ) -> Response {
        .json(
            [
                "error": .string(code), "error_description": .string(description),
                "code": .string(ErrorCode.response(status: status.code, error: code).rawValue),
            ], status: status, headers: headers)
    }

    /// The response to an error of the gateway, or to a connection that ended within the request.
    static var serverError: Response {
        .error(.internalServerError, "server_error", "the request failed; try again")
    }

    static func error(_ error: OAuthError) -> Response {
        var headers = HTTPFields()
        if let retryAfter = error.retryAfter { headers[.retryAfter] = String(retryAfter) }
        if let challenge = error.challenge { headers[.wwwAuthenticate] = challenge.headerValue }
        return .json(error.json, status: HTTPResponse.Status(code: error.status), headers: headers)
    }
}
