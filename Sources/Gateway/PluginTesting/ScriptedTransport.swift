public import GatewayPluginAPI
import Synchronization

/// An HTTP client that answers from a list or from a closure, and records the requests.
public final class ScriptedTransport: HTTPTransport {
    /// A response, or the error that is thrown in its place.
    public typealias Answer = Result<HTTPTransportResponse, HTTPTransportError>

    private let state: Mutex<(requests: [HTTPTransportRequest], answers: [Answer])>
    private let script: (@Sendable (HTTPTransportRequest) async -> Answer)?

    /// Creates a client that gives one answer after the other; further requests fail.
    public init(_ answers: Answer...) {
        state = Mutex(([], answers))
        script = nil
    }

    /// Creates a client whose answers a closure computes, such as a fake server.
    public init(script: @escaping @Sendable (HTTPTransportRequest) async -> Answer) {
        state = Mutex(([], []))
        self.script = script
    }

    /// The requests so far, in order.
    public var requests: [HTTPTransportRequest] { state.withLock { $0.requests } }

    /// Method and URL of each request so far, such as `PUT https://host/path`.
    public var calls: [String] { requests.map { "\($0.method) \($0.url)" } }

    /// Records the request and returns the next answer.
    public func send(_ request: HTTPTransportRequest) async throws(HTTPTransportError) -> HTTPTransportResponse {
        let next = state.withLock { state -> Answer in
            state.requests.append(request)
            return state.answers.isEmpty ? .failure(.failed("no answer is left")) : state.answers.removeFirst()
        }
        return try await (script?(request) ?? next).get()
    }
}

extension Result where Success == HTTPTransportResponse, Failure == HTTPTransportError {
    /// Returns a response with that status, body (as UTF-8) and header fields (sorted by name).
    public static func answer(_ status: Int, _ body: String = "", _ headers: [String: String] = [:]) -> Self {
        .success(
            HTTPTransportResponse(
                status: status, headers: headers.sorted { $0.key < $1.key }.map { HTTPHeaderField($0.key, $0.value) },
                body: Array(body.utf8)))
    }
}

extension HTTPTransportRequest {
    /// Returns the values of all header fields of that name (compared without case).
    public func headers(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
