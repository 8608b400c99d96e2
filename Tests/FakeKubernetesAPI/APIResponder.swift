import HTTPTypes
import Hummingbird
import HummingbirdCore
import JOSE
import JSON
import NIOCore

/// Handles each request in the API server's order: planned faults, authentication, authorization, then the call.
struct APIResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    /// The API server's limit of a body.
    static let maximumBodyBytes = 3 << 20

    let api: FakeKubernetesAPI

    func respond(to received: Request, context: BasicRequestContext) async throws -> Response {
        var request = received
        let target = request.head.path ?? ""
        let path = String(target.prefix { $0 != "?" })
        let query = String(target.dropFirst(path.count + 1))
        let collected = try? await request.collectBody(upTo: Self.maximumBodyBytes)
        api.log.record(
            LoggedRequest(
                method: request.method.rawValue, path: path, query: query,
                body: collected.map { String(buffer: $0) } ?? ""))
        let taken = api.faults.next(path: path)
        let fault = taken?.fault
        switch fault {
        case .status(let code, let retryAfter)?: return APIReply.response(.fault(code, retryAfter: retryAfter))
        // A request without its whole body is answered: its stream may have failed, and Hummingbird 2.28.1's
        // consumeWithInboundCloseHandler does not finish the source of its own body then, which ends the process.
        case .hang? where collected == nil, .oversized? where collected == nil: break
        case .oversized(let bytes)?: return Self.oversized(bytes, to: request.body)
        case .reply(let status, let contentType, let body)?:
            return APIReply.response(status, contentType, Array(body.utf8))
        case .hang?:
            try await request.body.consumeWithCancellationOnInboundClose { _ in await taken?.hang() }
        case .cut?, .noFault?, nil: break
        }
        guard let collected else {
            return APIReply.response(
                APIStatus(413, "RequestEntityTooLarge", "limit is \(Self.maximumBodyBytes)"))
        }
        let parsed = APIRequest(
            method: request.method.rawValue, path: path, query: query, accept: request.headers[.accept] ?? "",
            contentType: request.headers[.contentType] ?? "", body: Array(collected.readableBytesView))
        var response: Response
        do throws(APIStatus) {
            let user = try authenticate(request.headers[.authorization])
            try authorize(user, parsed)
            response = try await answerWithHooks(parsed, query).response(api, to: request.body)
        } catch {
            response = APIReply.response(error)
        }
        if case .hang? = fault { response.headers[.connection] = "close" }
        if case .cut(let bytes)? = fault { return Self.cut(response, after: bytes) }
        return response
    }

    private func authenticate(_ authorization: String?) throws(APIStatus) -> APIUser {
        guard let authorization else { return .anonymous }
        let parts = authorization.split(separator: " ")
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { throw .unauthorized }
        let token = String(parts[1])
        if api.credentials.accepts(token) { return api.client }
        do throws(TokenAuthenticator.Rejection) {
            let user = try api.authenticator.authenticate(token, audiences: [], at: api.clock()).user
            // The tokens of the client are distinguished: one that is no longer accepted is rejected.
            guard user.username != api.client.username else { throw TokenAuthenticator.Rejection.unknown }
            return user
        } catch {
            throw .unauthorized
        }
    }

    private static let openPaths = ["/version", "/readyz", "/livez", "/healthz"]
    private static let issuerPaths = ["/openid/v1/jwks", "/.well-known/openid-configuration"]

    private func authorize(_ user: APIUser, _ request: APIRequest) throws(APIStatus) {
        let isClient = user.username == api.client.username
        let verb = request.verb
        switch request.target {
        case .path:
            let isOpen = Self.openPaths.contains(request.path)
            // The role system:service-account-issuer-discovery is bound to all ServiceAccounts.
            let isForAccounts =
                Self.issuerPaths.contains(request.path) && user.groups.contains("system:serviceaccounts")
            guard isOpen || isForAccounts || isClient, !isClient || api.access.allows(verb, request.path) else {
                throw .forbidden(user, verb, path: request.path)
            }
        case .tokenReviews:
            guard isClient, api.access.allows(verb, "tokenreviews") else {
                throw .forbidden(
                    user, verb, resource: "tokenreviews", group: "authentication.k8s.io", namespace: nil, name: nil)
            }
        case .accessReviews(let plural):
            guard isClient, api.access.allows(verb, plural) else {
                throw .forbidden(
                    user, verb, resource: plural, group: "authorization.k8s.io", namespace: nil, name: nil)
            }
        case .podProxy(let namespace, let name, _, _, _):
            guard isClient, api.access.allows(verb, "pods/proxy") else {
                throw .forbidden(user, verb, resource: "pods/proxy", group: "", namespace: namespace, name: name)
            }
        case .resource(let resource, let namespace, let name, let subresource):
            let plural = subresource.map { "\(resource.plural)/\($0)" } ?? resource.plural
            guard isClient, api.access.allows(verb, plural) else {
                throw .forbidden(
                    user, verb, resource: plural, group: resource.group, namespace: namespace, name: name)
            }
        }
    }

    private func answerWithHooks(_ request: APIRequest, _ query: String) async throws(APIStatus) -> APIReply {
        switch request.target {
        case .podProxy: return await api.proxied(request, query)
        case .resource(.pods, let namespace?, nil, nil)
        where request.method == "POST" && request.query["dryRun"] == "All":
            return await api.createdInDryRun(try request.json(), namespace: namespace)
        default: return try answer(request)
        }
    }

    private func answer(_ request: APIRequest) throws(APIStatus) -> APIReply {
        switch request.target {
        case .accessReviews: return .json(api.reviewAccess(try request.json()), status: 201)
        case .podProxy: throw .pathNotFound
        case .tokenReviews:
            guard request.method == "POST" else { throw .methodNotAllowed }
            return .json(try api.reviewToken(try request.json()), status: 201)
        case .resource(let resource, let namespace, let name, let subresource):
            return try api.answer(
                request, resource: resource, namespace: namespace, name: name, subresource: subresource)
        case .path:
            guard request.method == "GET" else { throw .methodNotAllowed }
            switch request.path {
            case "/version": return .json(api.versionDocument)
            case "/readyz", "/livez", "/healthz": return .text("ok")
            case "/openid/v1/jwks": return .document(api.keySet.json, contentType: "application/jwk-set+json")
            case "/.well-known/openid-configuration": return .json(api.discoveryDocument)
            default: throw .pathNotFound
            }
        }
    }

    /// The connection is read meanwhile, so that a disconnect is detected. A client that reads the whole
    /// reply closes the connection itself.
    private static func oversized(_ count: Int, to request: RequestBody) -> Response {
        let frame = (begin: #"{"padding":""#, end: #""}"#)
        let padding = max(0, count - frame.begin.utf8.count - frame.end.utf8.count)
        let (isOpen, closed) = AsyncStream.makeStream(of: Never.self)
        return Response(
            status: .created, headers: [.contentType: "application/json", .connection: "close"],
            body: ResponseBody { writer in
                try await request.consumeWithInboundCloseHandler { _ in
                    try await writer.write(ByteBuffer(string: frame.begin))
                    for start in stride(from: 0, to: padding, by: 65_536) {
                        let size = min(65_536, padding - start)
                        try await writer.write(ByteBuffer(repeating: UInt8(ascii: "x"), count: size))
                    }
                    try await writer.write(ByteBuffer(string: frame.end))
                    try await writer.finish(nil)
                    for await _ in isOpen {}
                } onInboundClosed: {
                    closed.finish()
                }
            })
    }

    private struct Cut: Error {}

    /// A body that ends before its `Content-Length`, or before its last chunk.
    private static func cut(_ response: Response, after bytes: Int) -> Response {
        let whole = response.body
        return Response(
            status: response.status, headers: response.headers,
            body: ResponseBody(contentLength: whole.contentLength) { writer in
                try await whole.write(CuttingWriter(remaining: bytes, base: writer))
                throw Cut()
            })
    }

    private struct CuttingWriter: ResponseBodyWriter {
        var remaining: Int
        var base: any ResponseBodyWriter

        mutating func write(_ buffer: ByteBuffer) async throws {
            let part =
                buffer.getSlice(at: buffer.readerIndex, length: min(remaining, buffer.readableBytes)) ?? ByteBuffer()
            remaining -= part.readableBytes
            if part.readableBytes > 0 { try await base.write(part) }
            if remaining <= 0 { throw Cut() }
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws { throw Cut() }
    }
}
