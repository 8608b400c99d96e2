import GatewayPluginAPI

/// The two documents in Granary: `GET` and conditional `PUT` below the issuer's location.
struct GranaryPublisher: DiscoveryPublisher {
    let location: String
    let tokenFile: String?
    let context: PublisherContext

    func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument? {
        let response = try await send("GET", document)
        if response.status == 404 { return nil }
        guard response.status == 200 else { throw GranaryAPI.error(response, call("GET", document)) }
        let version = try version(of: response, call("GET", document))
        let stamp = response.header("granary-owner").flatMap { owner in
            response.header("granary-revision").flatMap(Int.init).map { revision in
                DocumentStamp(owner: owner, revision: revision, digest: DocumentStamp.digest(of: response.body))
            }
        }
        return StoredDocument(version: version, stamp: stamp, length: response.body.count)
    }

    func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String {
        let precondition =
            switch condition {
            case .absent: HTTPHeaderField("If-None-Match", "*")
            case .version(let version): HTTPHeaderField("If-Match", version)
            }
        let response = try await send(
            "PUT", document,
            headers: [
                precondition, HTTPHeaderField("Content-Type", "application/json"),
                HTTPHeaderField("Cache-Control", "max-age=\(context.maximumAge)"),
                HTTPHeaderField("Granary-Owner", stamp.owner), HTTPHeaderField("Granary-Revision", "\(stamp.revision)"),
            ], body: content)
        guard (200..<300).contains(response.status) else { throw GranaryAPI.error(response, call("PUT", document)) }
        return try version(of: response, call("PUT", document))
    }

    private func send(
        _ method: String, _ document: IssuerDocumentKind, headers: [HTTPHeaderField] = [], body: [UInt8] = []
    ) async throws(PublishError) -> HTTPTransportResponse {
        let authorization = HTTPHeaderField("Authorization", "Bearer \(try await token())")
        let request = HTTPTransportRequest(
            method: method, url: location + document.path, headers: [authorization] + headers, body: body)
        do {
            return try await context.transport.send(request)
        } catch {
            throw PublishError(.unavailable, "\(call(method, document)): \(error); the gateway tries again")
        }
    }

    /// The API token in the file, read for each request so that it can be renewed; else a token of the endpoint.
    private func token() async throws(PublishError) -> String {
        guard let tokenFile else { return try await context.ownToken() }
        guard let content = try context.files.read(tokenFile) else {
            throw PublishError(.misconfigured, "publish.tokenFile: missing file \(Quotation.of(tokenFile))")
        }
        let token = content.split(whereSeparator: { $0 <= 0x20 }).first ?? []
        guard !token.isEmpty, token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw PublishError(.misconfigured, "publish.tokenFile: invalid token; expected one line of visible ASCII")
        }
        return String(decoding: token, as: UTF8.self)
    }

    private func version(of response: HTTPTransportResponse, _ call: String) throws(PublishError) -> String {
        guard let tag = response.header("etag"), !tag.isEmpty else {
            throw PublishError(.malformed, "\(call): the response has no ETag; check publish.url")
        }
        return tag
    }

    private func call(_ method: String, _ document: IssuerDocumentKind) -> String {
        "\(method) \(location)\(document.path)"
    }
}
