import JOSE
import JSON

/// The calls on objects: get, list, watch, create, update, patch, delete.
extension FakeKubernetesAPI {
    func answer(
        _ request: APIRequest, resource: APIResource, namespace: String?, name: String?, subresource: String?
    ) throws(APIStatus) -> APIReply {
        if let subresource {
            guard resource == .serviceAccounts, subresource == "token", let namespace, let name else {
                throw .pathNotFound
            }
            guard request.method == "POST" else { throw .methodNotAllowed }
            return .json(try requestToken(namespace: namespace, serviceAccount: name, try request.json()), status: 201)
        }
        let onlyMetadata = request.accept.contains("as=PartialObjectMetadata")
        func shown(_ object: JSONValue) -> JSONValue { onlyMetadata ? object.onlyMetadata : object }

        if request.query["dryRun"] == "All", let reply = try dryRun(request, resource, namespace, name) { return reply }
        guard let name else {
            let selector = try Selector(
                labelSelector: request.query["labelSelector"], fieldSelector: request.query["fieldSelector"],
                resource: resource)
            let scope = WatchScope(resource: resource, namespace: namespace, selector: selector)
            switch request.verb {
            case "list": return .json(try list(scope, request, onlyMetadata: onlyMetadata))
            case "watch": return .watch(scope, options: try watchOptions(request, onlyMetadata: onlyMetadata))
            case "create":
                guard namespace != nil || !resource.isNamespaced else { throw .methodNotAllowed }
                return .json(shown(try create(resource, namespace: namespace, try request.json())), status: 201)
            default: throw .methodNotAllowed
            }
        }
        let key = ObjectKey(resource: resource, namespace: namespace, name: name)
        switch request.verb {
        case "get": return .json(shown(try store.object(key)))
        case "update":
            let body = try request.json()
            return .json(
                shown(try store.change { (stored) throws(APIStatus) in try stored.update(key, body) }))
        case "patch":
            return .json(shown(try patched(key, request)))
        case "delete":
            let options = request.body.isEmpty ? nil : try request.json()
            let deleted = try store.change { (stored) throws(APIStatus) in try stored.delete(key, options: options) }
            return .json([
                "kind": "Status", "apiVersion": "v1", "metadata": .object([]), "status": "Success",
                "details": [
                    "name": .string(name), "group": .string(resource.group), "kind": .string(resource.plural),
                    "uid": deleted[path: "metadata", "uid"] ?? .null,
                ],
            ])
        default: throw .methodNotAllowed
        }
    }

    /// The reply to a create or a merge patch with `dryRun=All`; nil for another request.
    private func dryRun(
        _ request: APIRequest, _ resource: APIResource, _ namespace: String?, _ name: String?
    ) throws(APIStatus) -> APIReply? {
        guard request.verb == "create" || request.verb == "patch" else { return nil }
        let now = clock()
        let body = try request.json()
        let object = try store.preview { (stored) throws(APIStatus) -> JSONValue in
            guard let name else { return try stored.create(resource, namespace: namespace, body, at: now) }
            return try stored.patch(ObjectKey(resource: resource, namespace: namespace, name: name), body)
        }
        return .json(object, status: name == nil ? 201 : 200)
    }

    private func patched(_ key: ObjectKey, _ request: APIRequest) throws(APIStatus) -> JSONValue {
        if request.contentType.hasPrefix("application/merge-patch+json") {
            let body = try request.json()
            return try store.change { (stored) throws(APIStatus) in try stored.patch(key, body) }
        }
        guard request.contentType.hasPrefix("application/json-patch+json") else {
            throw APIStatus(
                415, "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: "
                    + "application/json-patch+json, application/merge-patch+json")
        }
        let operations = try request.operations()
        return try store.change { (stored) throws(APIStatus) in
            try stored.update(key, try stored.object(key).applying(operations, kind: key.resource.kind))
        }
    }

    @discardableResult
    func create(_ resource: APIResource, namespace: String?, _ body: JSONValue) throws(APIStatus) -> JSONValue {
        let now = clock()
        return try store.change { (stored) throws(APIStatus) in
            let object = try stored.create(resource, namespace: namespace, body, at: now)
            // A cluster's controller gives every namespace a ServiceAccount.
            if resource == .namespaces, let name = object[path: "metadata", "name"]?.string {
                _ = try stored.create(.serviceAccounts, namespace: name, ["metadata": ["name": "default"]], at: now)
            }
            return object
        }
    }

    /// With `limit` and `continue`: a page starts after the last name of the previous one.
    private func list(
        _ scope: WatchScope, _ request: APIRequest, onlyMetadata: Bool
    ) throws(APIStatus) -> JSONValue {
        let (revision, all) = store.read { ($0.revision, $0.matching(scope)) }
        var found = all[...]
        if let token = request.query["continue"], !token.isEmpty {
            let bytes = Base64URL.decode(token) ?? []
            let parts = String(decoding: bytes, as: UTF8.self).split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 3, let begun = Int(parts[2]) else { throw .badRequest("continue key is not valid") }
            let compacted = store.read { $0.compactedRevision }
            guard begun >= compacted else { throw .expired(begun, oldest: compacted) }
            found = found.drop { ($0.key.namespace ?? "", $0.key.name) <= (String(parts[0]), String(parts[1])) }
        }
        var metadata: [JSONValue.Member] = [.init("resourceVersion", .string(String(revision)))]
        if let limit = request.query["limit"].flatMap({ Int($0) }), limit > 0, found.count > limit {
            let rest = found.count - limit
            found = found.prefix(limit)
            if let last = found.last?.key {
                let text = "\(last.namespace ?? "")/\(last.name)/\(revision)"
                metadata.append(.init("continue", .string(Base64URL.encode(Array(text.utf8)))))
                metadata.append(.init("remainingItemCount", .integer(rest)))
            }
        }
        let items = found.map { _, object -> JSONValue in
            if onlyMetadata { return object.onlyMetadata }
            // The API server omits these within a list.
            var item = object
            item.set(nil, at: "kind")
            item.set(nil, at: "apiVersion")
            return item
        }
        return [
            "kind": .string(onlyMetadata ? "PartialObjectMetadataList" : "\(scope.resource.kind)List"),
            "apiVersion": .string(onlyMetadata ? "meta.k8s.io/v1" : scope.resource.apiVersion),
            "metadata": .object(metadata), "items": .array(items),
        ]
    }

    private func watchOptions(_ request: APIRequest, onlyMetadata: Bool) throws(APIStatus) -> APIReply.WatchOptions {
        let text = request.query["resourceVersion"] ?? ""
        let revision = Int(text)
        guard text.isEmpty || revision != nil else {
            throw .badRequest(
                "invalid resource version \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax")
        }
        return APIReply.WatchOptions(
            revision: revision, bookmarks: request.flag("allowWatchBookmarks"),
            sendsInitialEvents: request.flag("sendInitialEvents"),
            timeout: request.query["timeoutSeconds"].flatMap { Int($0) } ?? 1800, onlyMetadata: onlyMetadata)
    }
}
