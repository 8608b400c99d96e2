import GatewayPluginAPI
import GatewayPluginTesting
import Synchronization

/// Granary's API in memory: documents with entity tags and conditional writes.
final class FakeGranary: Sendable {
    private struct Document {
        var content: [UInt8]
        var owner: String
        var revision: String
        var version: Int
    }

    private let documents = Mutex<[String: Document]>([:])

    func answer(_ request: HTTPTransportRequest) -> ScriptedTransport.Answer {
        documents.withLock { documents in
            let stored = documents[request.url]
            let tag = stored.map { "\"\($0.version)\"" }
            switch request.method {
            case "GET":
                guard let stored, let tag else { return .answer(404) }
                return .answer(
                    200, String(decoding: stored.content, as: UTF8.self),
                    ["ETag": tag, "Granary-Owner": stored.owner, "Granary-Revision": stored.revision])
            case "PUT":
                let isMet =
                    request.headers("If-None-Match") == ["*"]
                    ? stored == nil : tag.map { request.headers("If-Match") == [$0] } ?? false
                guard isMet else { return .answer(412) }
                let version = (stored?.version ?? 0) + 1
                documents[request.url] = Document(
                    content: request.body, owner: request.headers("Granary-Owner").first ?? "",
                    revision: request.headers("Granary-Revision").first ?? "", version: version)
                return .answer(204, "", ["ETag": "\"\(version)\""])
            default: return .answer(405)
            }
        }
    }
}
