import JSON

/// An error of the API server: `kind: Status` ("Response Status Kind" in the API conventions).
struct APIStatus: Error, Sendable {
    let code: Int
    let reason: String
    let message: String
    var retryAfter: Int?
    /// The invalid fields of an object.
    var fields: [String] = []

    init(_ code: Int, _ reason: String, _ message: String, retryAfter: Int? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfter = retryAfter
    }

    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("kind", "Status"), .init("apiVersion", "v1"), .init("metadata", .object([])),
            .init("status", "Failure"), .init("message", .string(message)), .init("reason", .string(reason)),
        ]
        if let retryAfter { members.append(.init("details", ["retryAfterSeconds": .integer(retryAfter)])) }
        if !fields.isEmpty {
            let causes = fields.map { field -> JSONValue in
                ["reason": "FieldValueInvalid", "message": .string(message), "field": .string(field)]
            }
            members.append(.init("details", ["causes": .array(causes)]))
        }
        members.append(.init("code", .integer(code)))
        return .object(members)
    }

    static let unauthorized = APIStatus(401, "Unauthorized", "Unauthorized")
    static let pathNotFound = APIStatus(404, "NotFound", "the server could not find the requested resource")
    static let methodNotAllowed = APIStatus(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    static func badRequest(_ message: String) -> APIStatus { APIStatus(400, "BadRequest", message) }

    static func notFound(_ resource: APIResource, _ name: String) -> APIStatus {
        APIStatus(404, "NotFound", "\(resource.qualifiedName) \"\(name)\" not found")
    }

    static func alreadyExists(_ resource: APIResource, _ name: String) -> APIStatus {
        APIStatus(409, "AlreadyExists", "\(resource.qualifiedName) \"\(name)\" already exists")
    }

    static func conflict(
        _ resource: APIResource, _ name: String,
        _ why: String = "the object has been modified; please apply your changes to the latest version and try again"
    ) -> APIStatus {
        APIStatus(
            409, "Conflict", "Operation cannot be fulfilled on \(resource.qualifiedName) \"\(name)\": \(why)")
    }

    static func invalid(_ kind: String, _ name: String, _ why: String) -> APIStatus {
        var status = APIStatus(422, "Invalid", "\(kind) \"\(name)\" is invalid: \(why)")
        status.fields = [String(why.prefix { $0 != ":" })]
        return status
    }

    static func expired(_ revision: Int, oldest: Int) -> APIStatus {
        APIStatus(410, "Expired", "too old resource version: \(revision) (\(oldest))")
    }

    /// A general Status of a status code, for faults.
    static func fault(_ code: Int, retryAfter: Int?) -> APIStatus {
        let (reason, message) =
            switch code {
            case 401: ("Unauthorized", "Unauthorized")
            case 403: ("Forbidden", "forbidden")
            case 409: ("Conflict", "the request conflicts with another")
            case 410: ("Expired", "the provided resource version is too old")
            case 429:
                ("TooManyRequests", "the server has received too many requests and has asked us to try again later")
            case 503: ("ServiceUnavailable", "the server is currently unable to handle the request")
            case 504: ("Timeout", "the server was unable to return a response in the time allotted")
            default: ("InternalError", "an error on the server prevented the request from succeeding")
            }
        return APIStatus(code, reason, message, retryAfter: retryAfter)
    }
}
