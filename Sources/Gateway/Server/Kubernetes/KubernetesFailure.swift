import GatewayCore

/// Why a call about objects failed, in words for the operator: they say what to do, and hold nothing that was sent.
struct KubernetesFailure: Error, Sendable, Equatable, CustomStringConvertible {
    enum Kind: Sendable, Equatable {
        case noAnswer(KubernetesRequestError)
        /// 401.
        case unauthorized
        /// 403.
        case forbidden
        /// 404, and it is the API server that says so.
        case notFound
        /// 409: somebody else wrote in between, or it is another object by now.
        case conflict
        /// 409 for an object to be made.
        case alreadyExists
        /// 410: what a watch or the next page of a list would begin from is forgotten; list anew.
        case gone
        /// 422, with the fields that are refused.
        case invalid(fields: [String])
        /// 429.
        case tooManyRequests
        /// 5xx.
        case serverError(Int)
        /// Any other status.
        case status(Int)
        /// The answer is not what was asked for.
        case unreadable
        /// No object can have the name.
        case badName(String)
    }

    let kind: Kind
    /// As a role's rule names it, such as `update`.
    let verb: String
    let resource: KubernetesResource
    let namespace: String?
    /// Seconds.
    var retryAfter: Int?

    /// Whether it may end otherwise when tried again, with nothing changed by people.
    var isTransient: Bool {
        switch kind {
        case .noAnswer, .tooManyRequests, .serverError, .unreadable, .gone: true
        case .unauthorized, .forbidden, .notFound, .conflict, .alreadyExists, .invalid, .status, .badName: false
        }
    }

    var description: String {
        let place = namespace.map { "in namespace \"\($0)\"" } ?? "in the cluster"
        let what = "\(verb) of \(resource.qualifiedName) \(place)"
        switch kind {
        case .noAnswer(let error): return error.description
        case .unauthorized:
            return "the API server does not know the gateway (401); "
                + "check the gateway's own token or client certificate"
        case .forbidden:
            let role = namespace == nil ? "ClusterRole" : "Role"
            return "the gateway may not \(verb) \(resource.qualifiedName) \(place) (403); "
                + "bind its ServiceAccount to a \(role) with the verb \(verb) on \(resource.plural)"
                + (resource.group.isEmpty ? "" : " of \(resource.group)") + (namespace == nil ? "" : " there")
        case .notFound: return "there is no such object, or no such namespace: \(what) (404)"
        case .conflict: return "somebody else wrote in between: \(what) (409)"
        case .alreadyExists: return "it exists already: \(what) (409)"
        case .gone: return "the API server has forgotten what to go on from: \(what) (410)"
        case .invalid(let fields):
            let named = fields.isEmpty ? "" : ": \(fields.joined(separator: ", "))"
            return "the API server refuses the object\(named): \(what) (422)"
        case .tooManyRequests: return "the API server asks to come back later: \(what) (429)"
        case .serverError(let status): return "the API server fails: \(what) (\(status))"
        case .status(let status): return "the API server answered the \(what) with \(status)"
        case .unreadable: return "the API server's answer to the \(what) is not readable"
        case .badName(let name): return "\"\(name)\" is no name of an object; use a-z, 0-9, \"-\" and \".\""
        }
    }
}

extension KubernetesFailure.Kind {
    /// - Parameter words: what the body holds, where it is a Status.
    init(status: Int, _ words: KubernetesStatus?) {
        switch status {
        case 401: self = .unauthorized
        // As good as gone.
        case 403 where words?.isNamespaceTerminating == true: self = .notFound
        case 403: self = .forbidden
        // A 404 that is no Status is somebody else's, who knows nothing of the object.
        case 404 where words?.reason == "NotFound": self = .notFound
        case 409: self = words?.reason == "AlreadyExists" ? .alreadyExists : .conflict
        case 410: self = .gone
        case 422: self = .invalid(fields: words?.fields ?? [])
        case 429: self = .tooManyRequests
        case 500...599: self = .serverError(status)
        default: self = .status(status)
        }
    }
}
