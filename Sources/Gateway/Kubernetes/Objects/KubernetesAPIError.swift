public import KubernetesAPI

/// Why a call about objects failed. Its `description` says what to do, and contains nothing of the request's body.
public struct KubernetesAPIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What failed.
    public enum Kind: Sendable, Equatable {
        /// There is no response.
        case noAnswer(KubernetesRequestError)
        /// 401.
        case unauthorized
        /// 403.
        case forbidden
        /// 404 of the API server itself.
        case notFound
        /// 409: the object was changed since it was read, or is another one.
        case conflict
        /// 409 of a create call.
        case alreadyExists
        /// 410: the API server no longer has the version from which a watch or the next page of a list continues.
        case gone
        /// 422, with the rejected fields.
        case invalid(fields: [String])
        /// 403 of an API server that has not loaded its RBAC rules yet.
        case starting
        /// 429.
        case tooManyRequests
        /// 5xx.
        case serverError(Int)
        /// Any other status.
        case status(Int)
        /// The body of the response is not valid.
        case unreadable
        /// The name is not valid; the call was not sent.
        case badName(String)
    }

    /// What failed.
    public let kind: Kind
    /// The verb as in a role, such as `update`.
    public let verb: String
    /// The resource of the call.
    public let resource: KubernetesResource
    /// The namespace of the call; nil for all namespaces and cluster-scoped objects.
    public let namespace: String?
    /// Seconds after which the API server wants the call to be repeated; nil if it does not say.
    public var retryAfter: Int?

    /// Creates a failure of its members.
    public init(
        kind: Kind, verb: String, resource: KubernetesResource, namespace: String?, retryAfter: Int? = nil
    ) {
        self.kind = kind
        self.verb = verb
        self.resource = resource
        self.namespace = namespace
        self.retryAfter = retryAfter
    }

    /// Whether a repeated call may succeed without a change by an administrator.
    public var isTransient: Bool {
        switch kind {
        case .noAnswer, .starting, .tooManyRequests, .serverError, .unreadable, .gone: true
        case .unauthorized, .forbidden, .notFound, .conflict, .alreadyExists, .invalid, .status, .badName: false
        }
    }

    /// What failed, and what to do.
    public var description: String {
        let place = namespace.map { "in namespace \"\($0)\"" } ?? "in the cluster"
        let what = "\(verb) of \(resource.qualifiedName) \(place)"
        switch kind {
        case .noAnswer(let error): return error.description
        case .unauthorized:
            return "credentials not accepted by the API server (401); check the token or the client certificate"
        case .forbidden:
            let role = namespace == nil ? "ClusterRole" : "Role"
            return "not allowed to \(verb) \(resource.qualifiedName) \(place) (403); "
                + "bind the ServiceAccount to a \(role) with the verb \(verb) on \(resource.plural)"
                + (resource.group.isEmpty ? "" : " of \(resource.group)") + (namespace == nil ? "" : " there")
        case .notFound: return "object or namespace not found: \(what) (404)"
        case .conflict: return "the object was changed concurrently: \(what) (409)"
        case .alreadyExists: return "the object exists already: \(what) (409)"
        case .gone: return "the resourceVersion is too old: \(what) (410)"
        case .invalid(let fields):
            let named = fields.isEmpty ? "" : ": \(fields.joined(separator: ", "))"
            return "the object was rejected\(named): \(what) (422)"
        case .starting: return "the API server is starting and has not loaded its RBAC rules yet: \(what) (403)"
        case .tooManyRequests: return "too many requests: \(what) (429)"
        case .serverError(let status): return "the API server failed: \(what) (\(status))"
        case .status(let status): return "unexpected status \(status): \(what)"
        case .unreadable: return "invalid answer of the API server: \(what)"
        case .badName(let name): return "invalid object name \"\(name)\"; expected a-z, 0-9, \"-\" and \".\""
        }
    }
}

extension KubernetesAPIError.Kind {
    /// Creates a kind of a response's status.
    ///
    /// - Parameter body: the Status object of the body; nil if it has none.
    public init(status: Int, _ body: KubernetesStatus?) {
        switch status {
        case 401: self = .unauthorized
        // The namespace is being deleted.
        case 403 where body?.isNamespaceTerminating == true: self = .notFound
        case 403: self = .forbidden
        // A 404 without a Status object is not from the API server, and says nothing about the object.
        case 404 where body?.reason == "NotFound": self = .notFound
        case 409: self = body?.reason == "AlreadyExists" ? .alreadyExists : .conflict
        case 410: self = .gone
        case 422: self = .invalid(fields: body?.fields ?? [])
        case 429: self = .tooManyRequests
        case 503 where body?.reason == KubernetesStatus.startingReason: self = .starting
        case 500...599: self = .serverError(status)
        default: self = .status(status)
        }
    }
}

extension KubernetesStatus {
    /// The reason of ``starting``.
    static let startingReason = "APIServerStarting"
    /// The body in place of that of a 403, where the API server has not loaded its RBAC rules yet.
    static let starting = Array(
        #"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"\#(startingReason)","code":503}"#.utf8)
}
