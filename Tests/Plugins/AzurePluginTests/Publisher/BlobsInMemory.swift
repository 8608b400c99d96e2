import GatewayPluginAPI
import GatewayPluginTesting
import Synchronization

/// A container of Blob Storage in memory, and the token endpoint of Entra. It checks what the services check.
final class BlobsInMemory: Sendable {
    static let tenant = "6f1e2d3c-0000-4000-8000-0123456789ab"
    static let client = "3f8a1c22-0000-4000-8000-0123456789ab"

    struct Blob: Equatable {
        var content: [UInt8]
        var headers: [String: String]
        var tag: String
    }

    private struct State {
        var blobs: [String: Blob] = [:]
        var writes = 0
        var assertions: [String] = []
    }

    private let state = Mutex(State())
    let base: String

    init(base: String = "https://documents.blob.core.windows.net/$web") { self.base = base }

    var blobs: [String: Blob] {
        get { state.withLock { $0.blobs } }
        set { state.withLock { $0.blobs = newValue } }
    }
    var assertions: [String] { state.withLock { $0.assertions } }

    /// - Parameter change: answers in place of the services where it is not nil.
    func transport(
        _ change: @escaping @Sendable (HTTPTransportRequest) -> ScriptedTransport.Answer? = { _ in nil }
    ) -> ScriptedTransport {
        ScriptedTransport { [base] request in
            change(request) ?? self.state.withLock { Self.answer(request, base, &$0) }
        }
    }

    private static func answer(
        _ request: HTTPTransportRequest, _ base: String, _ state: inout State
    ) -> ScriptedTransport.Answer {
        if request.url == "https://login.microsoftonline.com/\(tenant)/oauth2/v2.0/token" {
            let form = request.text.split(separator: "&").map(String.init)
            guard form.contains("scope=https%3A%2F%2Fstorage.azure.com%2F.default"),
                form.contains("client_id=\(client)")
            else { return .answer(400, #"{"error":"invalid_scope","error_description":"AADSTS70011: Scope."}"#) }
            state.assertions += form.filter { $0.hasPrefix("client_assertion=") }
            return .answer(200, #"{"access_token":"storage","expires_in":3599}"#)
        }
        func fail(_ status: Int, _ code: String) -> ScriptedTransport.Answer {
            .answer(status, "<Error/>", ["x-ms-error-code": code, "x-ms-request-id": "r"])
        }
        guard request.headers("authorization") == ["Bearer storage"] else {
            return fail(401, "InvalidAuthenticationInfo")
        }
        guard request.headers("x-ms-version") == ["2023-11-03"], request.headers("x-ms-date").count == 1 else {
            return fail(400, "InvalidHeaderValue")
        }
        guard request.url.hasPrefix(base + "/") else { return fail(404, "ContainerNotFound") }
        let name = String(request.url.dropFirst(base.count + 1))
        let found = state.blobs[name]
        switch request.method {
        case "GET":
            guard let found else { return fail(404, "BlobNotFound") }
            if request.headers("if-none-match") == [found.tag] { return .answer(304, "", ["ETag": found.tag]) }
            return .success(
                HTTPTransportResponse(
                    status: 200,
                    headers: [HTTPHeaderField("ETag", found.tag)]
                        + found.headers.map { HTTPHeaderField($0.key, $0.value) },
                    body: found.content))
        case "PUT":
            guard request.headers("x-ms-blob-type") == ["BlockBlob"] else { return fail(400, "MissingRequiredHeader") }
            if request.headers("if-none-match") == ["*"], found != nil { return fail(409, "BlobAlreadyExists") }
            if let tag = request.headers("if-match").first, tag != found?.tag { return fail(412, "ConditionNotMet") }
            state.writes += 1
            var headers: [String: String] = [:]
            headers["Content-Type"] = request.headers("x-ms-blob-content-type").first
            headers["Cache-Control"] = request.headers("x-ms-blob-cache-control").first
            for field in request.headers where field.name.hasPrefix("x-ms-meta-") { headers[field.name] = field.value }
            let tag = "\"0x\(state.writes)\""
            state.blobs[name] = Blob(content: request.body, headers: headers, tag: tag)
            return .answer(201, "", ["ETag": tag])
        default: return fail(405, "UnsupportedHttpVerb")
        }
    }
}
