import FoundationEssentials
import JSON

/// The target of a request, from method, path and query ("API Concepts": resource URIs, verbs).
struct APIRequest: Sendable {
    enum Target: Sendable {
        /// `subresource` is the part after the name.
        case resource(APIResource, namespace: String?, name: String?, subresource: String?)
        case tokenReviews
        /// `selfsubjectaccessreviews` or `subjectaccessreviews`.
        case accessReviews(String)
        /// The proxy of a Pod; `path` is the one of the Pod's server.
        case podProxy(namespace: String, name: String, port: Int, isTLS: Bool, path: String)
        /// Any other path, such as `/version`.
        case path
    }

    let method: String
    let path: String
    let query: [String: String]
    let target: Target
    let accept: String
    let contentType: String
    let body: [UInt8]

    init(method: String, path: String, query: String, accept: String, contentType: String, body: [UInt8]) {
        self.method = method
        self.path = path
        self.query = Self.parameters(query)
        self.target = Self.target(path)
        self.accept = accept
        self.contentType = contentType
        self.body = body
    }

    func flag(_ name: String) -> Bool { ["true", "1"].contains(query[name]) }

    /// `get`, `list`, `watch`, …; of a path without objects the method in lower case.
    var verb: String {
        guard case .resource(_, _, let name, _) = target else {
            switch target {
            case .tokenReviews, .accessReviews: return method == "POST" ? "create" : method.lowercased()
            case .podProxy: return method == "POST" ? "create" : "get"
            case .resource, .path: return method.lowercased()
            }
        }
        switch method {
        case "GET", "HEAD": return name != nil ? "get" : flag("watch") ? "watch" : "list"
        case "POST": return "create"
        case "PUT": return "update"
        case "PATCH": return "patch"
        case "DELETE": return name != nil ? "delete" : "deletecollection"
        default: return method.lowercased()
        }
    }

    func json() throws(APIStatus) -> JSONValue {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(body)), case .object = value else {
            throw .badRequest("the object provided is unrecognized (must be of type JSON): couldn't get version/kind")
        }
        return value
    }

    /// The body of a JSON patch.
    func operations() throws(APIStatus) -> [JSONValue] {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(body)), case .array(let list) = value
        else { throw .badRequest("error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch") }
        return list
    }

    private static func parameters(_ query: String) -> [String: String] {
        var result: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            result[PercentEncoding.decode(parts[0])] = parts.count > 1 ? PercentEncoding.decode(parts[1]) : ""
        }
        return result
    }

    /// `namespaces/NAMESPACE/pods/[https:]NAME:PORT/proxy/…`.
    private static func podProxy(_ parts: [String], _ path: String) -> Target? {
        guard parts[2] == "pods", parts[4] == "proxy", let start = path.firstRange(of: "/proxy") else { return nil }
        let names = parts[3].split(separator: ":").map(String.init)
        guard names.count >= 2, let port = names.last.flatMap({ Int($0) }) else { return nil }
        let rest = String(path[start.upperBound...])
        return .podProxy(
            namespace: parts[1], name: names[names.count - 2], port: port, isTLS: names.first == "https",
            path: rest.isEmpty ? "/" : rest)
    }

    private static func target(_ path: String) -> Target {
        var parts = path.split(separator: "/").map(String.init)[...]
        let group: String
        if parts.first == "api", parts.count >= 3 {
            group = ""
            parts = parts.dropFirst()
        } else if parts.first == "apis", parts.count >= 4 {
            group = parts[parts.startIndex + 1]
            parts = parts.dropFirst(2)
        } else {
            return .path
        }
        guard parts.removeFirst() == "v1" else { return .path }
        if group == "authentication.k8s.io" { return parts == ["tokenreviews"] ? .tokenReviews : .path }
        if group == "authorization.k8s.io" { return parts.first.map { .accessReviews($0) } ?? .path }
        if parts.count >= 5, parts.first == "namespaces", let proxy = podProxy(Array(parts), path) { return proxy }
        var namespace: String?
        if parts.first == "namespaces", parts.count >= 3 {
            namespace = parts[parts.startIndex + 1]
            parts = parts.dropFirst(2)
        }
        guard let plural = parts.popFirst(), parts.count <= 2,
            let resource = APIResource.all.first(where: { $0.group == group && $0.plural == plural }),
            resource.isNamespaced || namespace == nil
        else { return .path }
        let name = parts.popFirst()
        // Namespaced objects have no path without a namespace.
        guard !(resource.isNamespaced && namespace == nil && name != nil) else { return .path }
        return .resource(resource, namespace: namespace, name: name, subresource: parts.popFirst())
    }
}
