package import FoundationEssentials
package import JOSE
package import JSON

/// The control functions for tests.
extension FakeKubernetesAPI {
    /// An object could not be created, changed or deleted.
    package struct Refused: Error, CustomStringConvertible {
        package let description: String
    }

    // MARK: Addresses

    package static let host = "127.0.0.1"
    package var port: Int { credentials.port }
    package var url: String { "https://\(Self.host):\(port)" }
    /// The path of a kubeconfig with the client's token.
    package var kubeconfig: URL { credentials.kubeconfig }
    /// The folder with `ca.crt`, `token` and `namespace`, as in a Pod.
    package var serviceAccountFolder: URL { credentials.serviceAccountFolder }
    package var authorityPEM: String { credentials.authorityPEM }
    package var clientToken: String { credentials.token }

    // MARK: The client's token

    /// Writes a new token into the client's files.
    ///
    /// - Parameter keepsFormer: whether the former one is still accepted.
    package func rotateClientToken(keepsFormer: Bool = false) throws {
        try credentials.replace(with: try newClientToken(), keepsFormer: keepsFormer)
    }

    /// Rejects the client's token with 401; its files still have it.
    package func expireClientToken() { credentials.expire() }

    /// Denies a permission: 403.
    ///
    /// - Parameters:
    ///   - verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`; `*` for all.
    ///   - resource: the plural, such as `pods` or `serviceaccounts/token`, or a path.
    package func deny(_ verb: String, _ resource: String) { access.deny(verb, resource) }
    package func allow(_ verb: String, _ resource: String) { access.allow(verb, resource) }

    // MARK: The cluster's keys

    /// Adds a key that signs later tokens.
    ///
    /// - Parameter keepsFormer: whether tokens signed before still verify.
    package func rotateClusterKey(to key: SigningKey, keepsFormer: Bool) {
        keys.rotate(to: key, keepsFormer: keepsFormer)
    }

    // MARK: Faults and requests

    /// Plans faults for the next requests.
    ///
    /// - Parameter path: only requests to this path; nil for all.
    package func fail(_ fault: Fault, next count: Int = 1, path: String? = nil) {
        faults.add(fault, count: count, path: path)
    }

    package func clearFaults() { faults.removeAll() }
    /// Completes hanging requests.
    package func releaseHanging() { faults.release() }
    /// Returns when this many requests hang.
    package func waitForHangingRequests(_ count: Int) async { await faults.waitForHanging(count) }

    package static let tokenReviews = tokenReviewsPath
    package static let jwks = "/openid/v1/jwks"
    package var requests: [LoggedRequest] { log.requests }
    package func requestCount(_ path: String) -> Int { log.count(path: path) }
    /// Returns when this many requests to the path have arrived.
    package func waitForRequests(_ count: Int, to path: String) async { await log.wait(path: path, count: count) }

    // MARK: Watches

    package var openWatches: Int { store.openWatches }
    /// Returns when the last watch has ended.
    package func waitForNoWatches() async { await store.waitForWatches(0) }
    /// Returns when exactly this many watches are open.
    package func waitForWatches(_ count: Int) async { await store.waitForWatches(count) }
    package func sendBookmarks() { store.sendBookmarks() }
    /// Ends all watches.
    package func endWatches() { store.endWatches() }
    /// Drops the history: a watch from an earlier resourceVersion gets 410.
    package func compact() { _ = try? store.change { $0.compact() } }
    package var resourceVersion: String { String(store.revision) }

    // MARK: Objects

    package func object(_ resource: APIResource, namespace: String? = nil, name: String) -> JSONValue? {
        try? store.object(ObjectKey(resource: resource, namespace: namespace, name: name))
    }

    /// Creates an object as a POST does.
    @discardableResult
    package func add(
        _ resource: APIResource, namespace: String? = nil, _ object: JSONValue
    ) throws(Refused) -> JSONValue {
        try mapped { () throws(APIStatus) in try create(resource, namespace: namespace, object) }
    }

    /// Changes an object by a merge patch.
    @discardableResult
    package func patch(
        _ resource: APIResource, namespace: String? = nil, name: String, _ patch: JSONValue
    ) throws(Refused) -> JSONValue {
        let key = ObjectKey(resource: resource, namespace: namespace, name: name)
        return try mapped { () throws(APIStatus) in
            try store.change { (stored) throws(APIStatus) in try stored.patch(key, patch) }
        }
    }

    package func delete(_ resource: APIResource, namespace: String? = nil, name: String) throws(Refused) {
        let key = ObjectKey(resource: resource, namespace: namespace, name: name)
        _ = try mapped { () throws(APIStatus) in
            try store.change { (stored) throws(APIStatus) in try stored.delete(key) }
        }
    }

    /// Sets `deletionTimestamp`; the object stays.
    package func beginDeletion(_ resource: APIResource, namespace: String? = nil, name: String) throws(Refused) {
        let key = ObjectKey(resource: resource, namespace: namespace, name: name)
        let now = clock()
        _ = try mapped { () throws(APIStatus) in
            try store.change { (stored) throws(APIStatus) in try stored.beginDeletion(key, at: now) }
        }
    }

    func mapped<Value>(_ body: () throws(APIStatus) -> Value) throws(Refused) -> Value {
        do { return try body() } catch { throw Refused(description: error.message) }
    }
}
