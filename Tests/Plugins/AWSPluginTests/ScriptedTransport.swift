import GatewayPluginAPI
import Synchronization

/// Answers from a list, or as a closure says, and keeps what it was asked.
final class ScriptedTransport: HTTPTransport {
    typealias Answer = Result<HTTPTransportResponse, HTTPTransportError>

    private let state: Mutex<(requests: [HTTPTransportRequest], answers: [Answer])>
    private let script: (@Sendable (HTTPTransportRequest) async -> Answer)?

    /// One answer after the other; then none any more.
    init(_ answers: Answer...) {
        state = Mutex(([], answers))
        script = nil
    }

    init(script: @escaping @Sendable (HTTPTransportRequest) async -> Answer) {
        state = Mutex(([], []))
        self.script = script
    }

    var requests: [HTTPTransportRequest] { state.withLock { $0.requests } }

    /// As `PUT https://host/path`.
    var calls: [String] { requests.map { "\($0.method) \($0.url)" } }

    func send(_ request: HTTPTransportRequest) async throws(HTTPTransportError) -> HTTPTransportResponse {
        let next = state.withLock { state -> Answer in
            state.requests.append(request)
            return state.answers.isEmpty ? .failure(.failed("no answer is left")) : state.answers.removeFirst()
        }
        return try await (script?(request) ?? next).get()
    }
}

extension Result where Success == HTTPTransportResponse, Failure == HTTPTransportError {
    static func answer(_ status: Int, _ body: String = "", _ headers: [String: String] = [:]) -> Self {
        .success(
            HTTPTransportResponse(
                status: status, headers: headers.sorted { $0.key < $1.key }.map { HTTPHeaderField($0.key, $0.value) },
                body: Array(body.utf8)))
    }
}

extension HTTPTransportRequest {
    /// The values of that header, in any case.
    func headers(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}
