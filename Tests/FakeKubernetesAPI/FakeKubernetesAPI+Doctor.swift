package import JSON
import Synchronization

/// Access reviews, the proxy of Pods and dry runs.
package final class ClusterHooks: Sendable {
    /// A request to a Pod through the API server's proxy.
    package struct ProxiedRequest: Sendable {
        package let method: String
        package let port: Int
        package let isTLS: Bool
        /// With the query.
        package let path: String
        package let contentType: String
        package let body: [UInt8]
    }

    package struct ProxiedReply: Sendable {
        let status: Int
        let contentType: String
        let body: [UInt8]

        package init(status: Int, contentType: String, body: [UInt8]) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }
    }

    /// The outcome of the admission webhooks.
    package enum Admission: Sendable {
        case admitted(JSONValue)
        case denied(String)
    }

    package typealias Proxy = @Sendable (ProxiedRequest) async throws -> ProxiedReply
    package typealias Webhooks = @Sendable (_ pod: JSONValue, _ namespace: String) async -> Admission

    private let proxies = Mutex<[String: Proxy]>([:])
    private let webhooks = Mutex<Webhooks?>(nil)
    private let minor = Mutex(33)

    func setProxy(_ proxy: Proxy?, of pod: String) { proxies.withLock { $0[pod] = proxy } }
    func proxy(of pod: String) -> Proxy? { proxies.withLock { $0[pod] } }
    func setWebhooks(_ hook: Webhooks?) { webhooks.withLock { $0 = hook } }
    func setMinorVersion(_ number: Int) { minor.withLock { $0 = number } }
    var minorVersion: Int { minor.withLock { $0 } }
    var webhook: Webhooks? { webhooks.withLock { $0 } }
}

extension FakeKubernetesAPI {
    /// Answers requests to a Pod through the proxy; nil for a Pod that does not listen.
    package func setProxy(_ proxy: ClusterHooks.Proxy?, namespace: String, pod: String) {
        hooks.setProxy(proxy, of: "\(namespace)/\(pod)")
    }

    /// Sets the version to 1 and the number; 1.33 by default.
    package func setMinorVersion(_ number: Int) { hooks.setMinorVersion(number) }

    /// Calls the admission webhooks for Pods that are created in a dry run.
    package func setWebhooks(_ webhooks: ClusterHooks.Webhooks?) { hooks.setWebhooks(webhooks) }

    /// The response to a SelfSubjectAccessReview or a SubjectAccessReview: by the client's permissions.
    func reviewAccess(_ body: JSONValue) -> JSONValue {
        let attributes = body[path: "spec", "resourceAttributes"]
        let resource = attributes?["resource"]?.string ?? ""
        let plural = (attributes?["subresource"]?.string).map { $0.isEmpty ? resource : "\(resource)/\($0)" }
        var review = body
        review.set(
            ["allowed": .bool(access.allows(attributes?["verb"]?.string ?? "", plural ?? resource))], at: "status")
        return review
    }

    func proxied(_ request: APIRequest, _ query: String) async -> APIReply {
        guard case .podProxy(let namespace, let name, let port, let isTLS, let path) = request.target else {
            return .status(.pathNotFound)
        }
        let unreachable = APIStatus(
            503, "ServiceUnavailable", "error trying to reach service: dial tcp 10.0.0.1:\(port): connect: refused")
        guard let proxy = hooks.proxy(of: "\(namespace)/\(name)") else { return .status(unreachable) }
        do {
            let reply = try await proxy(
                .init(
                    method: request.method, port: port, isTLS: isTLS, path: query.isEmpty ? path : "\(path)?\(query)",
                    contentType: request.contentType, body: request.body))
            return .bytes(reply.status, reply.contentType, reply.body)
        } catch {
            return .status(unreachable)
        }
    }

    /// The response to the creation of a Pod with `dryRun=All`.
    func createdInDryRun(_ body: JSONValue, namespace: String) async -> APIReply {
        var pod = body
        if let webhook = hooks.webhook {
            switch await webhook(body, namespace) {
            case .admitted(let patched): pod = patched
            case .denied(let message):
                return .status(APIStatus(403, "Forbidden", message))
            }
        }
        var copy = store.read { $0 }
        do throws(APIStatus) {
            return .json(try copy.create(.pods, namespace: namespace, pod, at: clock()), status: 201)
        } catch {
            return .status(error)
        }
    }
}
