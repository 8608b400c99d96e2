import HTTPTypes
public import JSON
public import KubernetesAPI

/// The objects of one kind in one namespace, with the verbs of the API ("API Concepts").
///
/// After a response of 429, or of 503 with `Retry-After`, a call waits and is sent again, for ``patience`` at most. The
/// API server has then not processed it; a write that it has processed fails as a conflict.
public struct KubernetesCollection: Sendable {
    /// The client that sends the calls.
    public let client: KubernetesClient
    /// The kind of the objects.
    public let resource: KubernetesResource
    /// The namespace; nil for all namespaces and cluster-scoped objects.
    public let namespace: String?
    /// The clocks.
    public let scheduler: KubernetesScheduler
    /// Seconds for which a call may wait in total because the API server is overloaded; 0 if the caller repeats calls.
    public var patience: Double
    /// Seconds for one attempt; nil for the client's limit.
    public var timeout: Double?

    /// Creates a collection of its members.
    public init(
        client: KubernetesClient, resource: KubernetesResource, namespace: String?, scheduler: KubernetesScheduler,
        patience: Double = 10, timeout: Double? = nil
    ) {
        self.client = client
        self.resource = resource
        self.namespace = namespace
        self.scheduler = scheduler
        self.patience = patience
        self.timeout = timeout
    }

    /// Reads an object; nil if there is none with the name.
    public func get(_ name: String) async throws(KubernetesAPIError) -> KubernetesObject? {
        do throws(KubernetesAPIError) {
            return try object(await call("get", .get, name: name), "get")
        } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    /// Creates an object and returns it.
    ///
    /// - Parameter dryRun: true to check only whether the API server accepts the object (`dryRun=All`).
    /// - Throws: `alreadyExists`; `notFound` if the namespace does not exist.
    public func create(_ object: JSONValue, dryRun: Bool = false) async throws(KubernetesAPIError) -> KubernetesObject {
        let query = dryRun ? Self.dryRun : []
        return try self.object(await call("create", .post, query: query, body: object, isRepeatable: true), "create")
    }

    private static let dryRun = [(name: "dryRun", value: "All")]

    /// Replaces the object of the same resourceVersion and returns it.
    ///
    /// - Throws: `conflict`, `notFound`.
    public func update(_ name: String, _ object: JSONValue) async throws(KubernetesAPIError) -> KubernetesObject {
        try self.object(await call("update", .put, name: name, body: object, isRepeatable: true), "update")
    }

    /// A change of an object.
    public enum Patch: Sendable {
        /// A JSON Merge Patch (RFC 7396).
        case merge(JSONValue)
        /// The operations of a JSON Patch (RFC 6902).
        case operations([JSONValue])
    }

    /// Changes an object and returns it.
    ///
    /// - Parameter dryRun: true to check only whether the API server accepts the change (`dryRun=All`).
    /// - Throws: `notFound`; `conflict` if the patch has another resourceVersion.
    public func patch(
        _ name: String, _ patch: Patch, dryRun: Bool = false
    ) async throws(KubernetesAPIError) -> KubernetesObject {
        let (body, contentType) =
            switch patch {
            case .merge(let value): (value, "application/merge-patch+json")
            case .operations(let values): (JSONValue.array(values), "application/json-patch+json")
            }
        let query = dryRun ? Self.dryRun : []
        return try object(
            await call("patch", .patch, name: name, query: query, body: body, contentType: contentType), "patch")
    }

    /// Deletes an object if uid and resourceVersion have not changed since it was read.
    ///
    /// - Parameter resourceVersion: nil for any.
    /// - Throws: `conflict`, `notFound`.
    public func delete(_ name: String, uid: String, resourceVersion: String?) async throws(KubernetesAPIError) {
        var preconditions: [JSONValue.Member] = [.init("uid", .string(uid))]
        if let resourceVersion { preconditions.append(.init("resourceVersion", .string(resourceVersion))) }
        let options: JSONValue = [
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": .object(preconditions),
        ]
        _ = try await call("delete", .delete, name: name, body: options, isRepeatable: true)
    }

    /// Reads all objects page by page, and passes each to `take` before it reads the next page.
    ///
    /// A page that is too large is read again with fewer objects.
    ///
    /// - Parameters:
    ///   - selector: a label selector; nil for all objects.
    ///   - fields: a field selector, such as `metadata.name=one`; nil for all objects.
    ///   - pageSize: the maximum number of objects of a page.
    /// - Returns: the resourceVersion from which a watch misses no event.
    /// - Throws: `gone` if the API server no longer has the version of the first page; the objects so far are
    ///   incomplete.
    public func list(
        selector: String?, fields: String? = nil, pageSize: Int = 100, _ take: (KubernetesObject) async -> Void
    ) async throws(KubernetesAPIError) -> String {
        var continuation: String?
        var limit = pageSize
        while true {
            var query = [(name: "limit", value: String(limit))]
            if let selector { query.append(("labelSelector", selector)) }
            if let fields { query.append(("fieldSelector", fields)) }
            if let continuation { query.append(("continue", continuation)) }
            let reply: KubernetesReply
            do {
                reply = try await call("list", .get, query: query)
            } catch {
                guard error.kind == .noAnswer(.replyTooLarge), limit > 1 else { throw error }
                limit = max(1, limit / 4)
                continue
            }
            guard let page = KubernetesList(body: reply.body, of: resource) else { throw failure(.unreadable, "list") }
            for item in page.items { await take(item) }
            guard let next = page.continuation else { return page.resourceVersion }
            continuation = next
        }
    }

    private func object(
        _ reply: KubernetesReply, _ verb: String
    ) throws(KubernetesAPIError) -> KubernetesObject {
        guard let object = KubernetesObject(body: reply.body, of: resource) else { throw failure(.unreadable, verb) }
        return object
    }

    /// Creates a failure of a call of this collection.
    public func failure(_ kind: KubernetesAPIError.Kind, _ verb: String, retryAfter: Int? = nil) -> KubernetesAPIError {
        KubernetesAPIError(kind: kind, verb: verb, resource: resource, namespace: namespace, retryAfter: retryAfter)
    }

    /// Maps a response whose status is not 2xx.
    func failure(_ reply: KubernetesReply, _ verb: String) -> KubernetesAPIError {
        failure(.init(status: reply.status, KubernetesStatus(json: reply.body)), verb, retryAfter: reply.retryAfter)
    }

    private func call(
        _ verb: String, _ method: HTTPRequest.Method, name: String? = nil,
        query: [(name: String, value: String)] = [], body: JSONValue? = nil,
        contentType: String = "application/json", isRepeatable: Bool? = nil
    ) async throws(KubernetesAPIError) -> KubernetesReply {
        if let name, !KubernetesName.isSubdomain(name) { throw failure(.badName(name), verb) }
        let request = KubernetesRequest(
            method, resource.path(namespace: namespace, name: name), query: query, body: body,
            contentType: contentType, isRepeatable: isRepeatable)
        var patience = patience
        while true {
            let reply: KubernetesReply
            do {
                reply = try await client.send(request, at: scheduler.now(), timeout: timeout)
            } catch {
                throw failure(.noAnswer(error), verb)
            }
            if reply.isSuccess { return reply }
            let wait = max(1, Double(reply.retryAfter ?? 1))
            let mayWait = reply.status == 429 || reply.status == 503 && reply.retryAfter != nil
            guard mayWait, wait <= patience else { throw failure(reply, verb) }
            patience -= wait
            do {
                try await scheduler.sleep(wait)
            } catch {
                throw failure(.noAnswer(.cancelled), verb)
            }
        }
    }
}
