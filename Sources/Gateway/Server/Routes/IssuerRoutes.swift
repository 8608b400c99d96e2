import GatewayCore
import GatewayPluginAPI
import HTTPTypes
import Hummingbird
import NIOCore

/// The public documents of one endpoint: below its path, and on its issuer's own host name.
struct IssuerRoutes: Sendable {
    let configuration: EndpointConfiguration
    let keys: CurrentSigningKeys

    func add(to table: inout RouteTable) {
        let path = configuration.path
        let issuer = configuration.issuer
        let discovery = route("discovery", \.discovery)
        let certs = route("certs", \.keys)
        table.add("\(path)\(Issuer.discoveryPath)", discovery)
        table.add("\(path)\(Issuer.keysPath)", certs)
        table.add("\(path)/issuer-docs", route("issuer-docs", \.bundle))
        table.add(host: issuer.host, path: issuer.path + Issuer.discoveryPath, discovery)
        table.add(host: issuer.host, path: issuer.path + Issuer.keysPath, certs)
    }

    private func route(
        _ name: String, _ document: @escaping @Sendable (PublishedDocuments) -> PublishedDocuments.Document
    ) -> Route {
        Route(name: name, endpoint: configuration.name, methods: [.get, .head]) { [keys] request in
            guard let documents = keys.snapshot.documents else { throw RequestRefusal.noDocuments }
            let document = document(documents)
            return .cacheable(
                document.body, contentType: "application/json", entityTag: document.entityTag, for: request)
        }
    }
}

extension Response {
    /// A public document: five minutes in caches, 304 where the caller has it already, no body for HEAD.
    static func cacheable(
        _ body: [UInt8], contentType: String, entityTag: String, for request: GatewayRequest
    ) -> Response {
        var headers: HTTPFields = [.eTag: entityTag, .cacheControl: "public, max-age=300"]
        if matches(request.head.headerFields[values: .ifNoneMatch], entityTag) {
            return Response(
                status: .notModified, headers: headers,
                body: ResponseBody(contentLength: nil) { writer in
                    try await writer.finish(nil)
                })
        }
        headers[.contentType] = contentType
        headers[.contentLength] = String(body.count)
        guard request.head.method != .head else { return Response(status: .ok, headers: headers) }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// `If-None-Match` with weak comparison (RFC 9110 §13.1.2).
    private static func matches(_ values: [String], _ entityTag: String) -> Bool {
        values.flatMap { $0.split(separator: ",") }.contains { value in
            let tag = value.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
            let text = String(tag)
            return text == "*" || text == entityTag || text == "W/" + entityTag
        }
    }
}
