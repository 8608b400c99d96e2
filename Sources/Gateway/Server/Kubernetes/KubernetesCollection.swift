import GatewayCore
import HTTPTypes
import JSON

/// The objects of one kind in one namespace, with the verbs of the API ("API Concepts").
///
/// An answer of 429, or of 503 with `Retry-After`, is waited out and the call sent again, within the collection's
/// patience; the API server has then done nothing, or a write that is compare-and-swap tells that it has.
struct KubernetesCollection: Sendable {
    let client: KubernetesClient
    let resource: KubernetesResource
    /// nil for a cluster's own objects.
    let namespace: String?
    let pacing: Pacing
    /// Seconds that a call may wait in all since it is told to come back later; 0 where its caller does so itself.
    var patience = 10.0
    /// Seconds for one attempt; nil for the client's own.
    var timeout: Double?

    /// nil where there is none of that name.
    func get(_ name: String) async throws(KubernetesFailure) -> KubernetesObject? {
        do throws(KubernetesFailure) {
            return try object(await call("get", .get, name: name), "get")
        } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    /// - Throws: `alreadyExists`; `notFound` where there is no such namespace.
    func create(_ object: JSONValue) async throws(KubernetesFailure) -> KubernetesObject {
        try self.object(await call("create", .post, body: object, isRepeatable: true), "create")
    }

    /// Writes an object in place of the one whose resourceVersion it bears.
    ///
    /// - Throws: `conflict`, `notFound`.
    func update(_ name: String, _ object: JSONValue) async throws(KubernetesFailure) -> KubernetesObject {
        try self.object(await call("update", .put, name: name, body: object, isRepeatable: true), "update")
    }

    /// How an object is to be changed.
    enum Patch: Sendable {
        /// RFC 7396.
        case merge(JSONValue)
        /// RFC 6902: a list of operations.
        case operations([JSONValue])
    }

    func patch(_ name: String, _ patch: Patch) async throws(KubernetesFailure) -> KubernetesObject {
        let (body, contentType) =
            switch patch {
            case .merge(let value): (value, "application/merge-patch+json")
            case .operations(let values): (JSONValue.array(values), "application/json-patch+json")
            }
        return try object(await call("patch", .patch, name: name, body: body, contentType: contentType), "patch")
    }

    /// Deletes an object if it still is the one that was read.
    ///
    /// - Throws: `conflict`, `notFound`.
    func delete(_ name: String, uid: String, resourceVersion: String?) async throws(KubernetesFailure) {
        var preconditions: [JSONValue.Member] = [.init("uid", .string(uid))]
        if let resourceVersion { preconditions.append(.init("resourceVersion", .string(resourceVersion))) }
        let options: JSONValue = [
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": .object(preconditions),
        ]
        _ = try await call("delete", .delete, name: name, body: options, isRepeatable: true)
    }

    /// Reads all objects page by page, and hands each over before the next page is asked for.
    ///
    /// A page that is too large is asked for again with fewer objects.
    ///
    /// - Parameters:
    ///   - selector: by labels.
    ///   - fields: by fields, such as `metadata.name=one`.
    ///   - pageSize: objects of a page at most.
    /// - Returns: where a watch begins that misses nothing.
    /// - Throws: `gone` where it took so long that the rest is forgotten: what was handed over then is no whole.
    func list(
        selector: String?, fields: String? = nil, pageSize: Int = 100, _ take: (KubernetesObject) async -> Void
    ) async throws(KubernetesFailure) -> String {
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
    ) throws(KubernetesFailure) -> KubernetesObject {
        guard let object = KubernetesObject(body: reply.body, of: resource) else { throw failure(.unreadable, verb) }
        return object
    }

    func failure(_ kind: KubernetesFailure.Kind, _ verb: String, retryAfter: Int? = nil) -> KubernetesFailure {
        KubernetesFailure(kind: kind, verb: verb, resource: resource, namespace: namespace, retryAfter: retryAfter)
    }

    /// What a reply that is no success says.
    func failure(_ reply: KubernetesReply, _ verb: String) -> KubernetesFailure {
        failure(.init(status: reply.status, KubernetesStatus(json: reply.body)), verb, retryAfter: reply.retryAfter)
    }

    private func call(
        _ verb: String, _ method: HTTPRequest.Method, name: String? = nil,
        query: [(name: String, value: String)] = [], body: JSONValue? = nil,
        contentType: String = "application/json", isRepeatable: Bool? = nil
    ) async throws(KubernetesFailure) -> KubernetesReply {
        if let name, !KubernetesName.isSubdomain(name) { throw failure(.badName(name), verb) }
        let request = KubernetesRequest(
            method, resource.path(namespace: namespace, name: name), query: query, body: body,
            contentType: contentType, isRepeatable: isRepeatable)
        var patience = patience
        while true {
            let reply: KubernetesReply
            do {
                reply = try await client.send(request, at: pacing.now(), timeout: timeout)
            } catch {
                throw failure(.noAnswer(error), verb)
            }
            if reply.isSuccess { return reply }
            let wait = max(1, Double(reply.retryAfter ?? 1))
            let mayWait = reply.status == 429 || reply.status == 503 && reply.retryAfter != nil
            guard mayWait, wait <= patience else { throw failure(reply, verb) }
            patience -= wait
            do {
                try await pacing.sleep(wait)
            } catch {
                throw failure(.noAnswer(.cancelled), verb)
            }
        }
    }
}
