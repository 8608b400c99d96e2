public import FoundationEssentials
public import JOSE

/// What a test does to the server beside asking it.
extension FakeKubernetesAPI {
    /// An object could not be made, changed or removed.
    public struct Refused: Error, CustomStringConvertible {
        public let description: String
    }

    // MARK: Where it is

    public static let host = "127.0.0.1"
    public var port: Int { credentials.port }
    public var url: String { "https://\(Self.host):\(port)" }
    /// A kubeconfig with the client's token inside.
    public var kubeconfig: URL { credentials.kubeconfig }
    /// `ca.crt`, `token` and `namespace`, as Pods have them.
    public var serviceAccountFolder: URL { credentials.serviceAccountFolder }
    public var authorityPEM: String { credentials.authorityPEM }
    public var clientToken: String { credentials.token }

    // MARK: The client's own token

    /// Puts a new token into the client's files.
    ///
    /// - Parameter keepsFormer: whether the former one is still accepted.
    public func rotateClientToken(keepsFormer: Bool = false) throws {
        try credentials.replace(with: try newClientToken(), keepsFormer: keepsFormer)
    }

    /// The client's token is answered with 401 from now on; its files still hold it.
    public func expireClientToken() { credentials.expire() }

    /// Takes a right from the client: 403.
    ///
    /// - Parameters:
    ///   - verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`; `*` for all.
    ///   - resource: the plural, such as `pods` or `serviceaccounts/token`, or a path.
    public func deny(_ verb: String, _ resource: String) { access.deny(verb, resource) }
    public func allow(_ verb: String, _ resource: String) { access.allow(verb, resource) }

    // MARK: The cluster's keys

    /// Signs tokens with another key from now on.
    ///
    /// - Parameter keepsFormer: whether tokens signed before still verify.
    public func rotateClusterKey(to key: SigningKey, keepsFormer: Bool) {
        keys.rotate(to: key, keepsFormer: keepsFormer)
    }

    // MARK: Faults and what was asked

    /// The next requests fail that way.
    ///
    /// - Parameter path: only requests to this path; nil for all.
    public func fail(_ fault: Fault, next count: Int = 1, path: String? = nil) {
        faults.add(fault, count: count, path: path)
    }

    public func clearFaults() { faults.removeAll() }
    /// Requests that hang are answered now.
    public func releaseHanging() { faults.release() }
    /// Returns once so many requests hang.
    public func waitForHangingRequests(_ count: Int) async { await faults.waitForHanging(count) }

    public static let tokenReviews = tokenReviewsPath
    public static let jwks = "/openid/v1/jwks"
    public var requests: [LoggedRequest] { log.requests }
    public func requestCount(_ path: String) -> Int { log.count(path: path) }
    /// Returns once so many requests to the path have come.
    public func waitForRequests(_ count: Int, to path: String) async { await log.wait(path: path, count: count) }

    // MARK: Watches

    public var openWatches: Int { store.openWatches }
    /// Returns once the last watch has ended.
    public func waitForNoWatches() async { await store.waitForWatches(0) }
    /// Returns once exactly so many watches are open.
    public func waitForWatches(_ count: Int) async { await store.waitForWatches(count) }
    public func sendBookmarks() { store.sendBookmarks() }
    /// Ends all watches.
    public func endWatches() { store.endWatches() }
    /// Forgets what happened until now: a watch from an earlier resourceVersion gets 410.
    public func compact() { _ = try? store.change { $0.compact() } }
    public var resourceVersion: String { String(store.revision) }

    // MARK: Objects

    public func object(_ resource: APIResource, namespace: String? = nil, name: String) -> JSONValue? {
        try? store.object(ObjectKey(resource: resource, namespace: namespace, name: name))
    }

    /// Creates an object as a POST does.
    @discardableResult
    public func add(_ resource: APIResource, namespace: String? = nil, _ object: JSONValue) throws(Refused) -> JSONValue
    {
        try told { () throws(APIStatus) in try create(resource, namespace: namespace, object) }
    }

    /// Changes an object by a merge patch.
    @discardableResult
    public func patch(
        _ resource: APIResource, namespace: String? = nil, name: String, _ patch: JSONValue
    ) throws(Refused) -> JSONValue {
        let key = ObjectKey(resource: resource, namespace: namespace, name: name)
        return try told { () throws(APIStatus) in
            try store.change { (stored) throws(APIStatus) in try stored.patch(key, patch) }
        }
    }

    public func delete(_ resource: APIResource, namespace: String? = nil, name: String) throws(Refused) {
        let key = ObjectKey(resource: resource, namespace: namespace, name: name)
        _ = try told { () throws(APIStatus) in
            try store.change { (stored) throws(APIStatus) in try stored.delete(key) }
        }
    }

    /// Sets `deletionTimestamp` to now; the object stays.
    public func beginDeletion(_ resource: APIResource, namespace: String? = nil, name: String) throws(Refused) {
        let key = ObjectKey(resource: resource, namespace: namespace, name: name)
        let now = clock()
        _ = try told { () throws(APIStatus) in
            try store.change { (stored) throws(APIStatus) in try stored.beginDeletion(key, at: now) }
        }
    }

    func told<Value>(_ body: () throws(APIStatus) -> Value) throws(Refused) -> Value {
        do { return try body() } catch { throw Refused(description: error.message) }
    }
}
