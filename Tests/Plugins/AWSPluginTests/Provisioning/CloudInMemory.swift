import AWSXML
import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Synchronization

@testable import AWSPlugin

/// One AWS account in memory. It is stricter than moto: an update needs the current ETag, names and caller references are
/// unique, and a new resource is not visible at once where a test asks for that.
final class CloudInMemory: Sendable {
    static let account = "111111111111"

    /// A fault of one call.
    enum Fault: String, CaseIterable, Sendable {
        /// The call has its effect, and the response is lost.
        case timeout
        case failure, throttling, denial, conflict
    }

    struct Bucket: Equatable {
        var tags: [String: String] = [:]
        var settings: [String: String] = [:]
        var policy: String?
        var objects: [Object] = []
    }

    /// A version of an object, or a delete marker.
    struct Object: Equatable {
        let key: String
        let id: String
        var isDeleteMarker = false
        /// The stamp of a gateway.
        var owner: String?
    }

    struct Versioned: Equatable {
        var configuration: XMLElement
        var tags: [String: String] = [:]
        var version = 1
    }

    struct Provider: Equatable {
        var audiences: [String]
        var tags: [String: String]
    }

    struct Role: Equatable {
        var trust: String
        var tags: [String: String]
        var policies: [String: String] = [:]
        var attached: [String] = []
        var instanceProfile: String?
        var maximumSession = "3600"
    }

    struct State: Equatable {
        var buckets: [String: Bucket] = [:]
        var controls: [String: Versioned] = [:]
        var distributions: [String: Versioned] = [:]
        var providers: [String: Provider] = [:]
        var roles: [String: Role] = [:]
        var documents = 0
    }

    struct Work {
        var state = State()
        /// Reads for which a new resource stays invisible.
        var hides = 0
        var hidden: [String: Int] = [:]
        var calls = 0
        var fault: (call: Int, kind: Fault)?
        var writes: [String] = []
        /// Reads for which a changed distribution is `InProgress`.
        var polls = 0
        var deployments: [String: Int] = [:]
        /// Actions that are denied.
        var denied: Set<String> = []
    }

    private let work = Mutex(Work())

    var state: State {
        get { work.withLock { $0.state } }
        set { work.withLock { $0.state = newValue } }
    }
    /// How many calls were made.
    var calls: Int { work.withLock { $0.calls } }
    /// The calls that change something, since the last look.
    func takeWrites() -> [String] {
        work.withLock { work in
            defer { work.writes = [] }
            return work.writes
        }
    }

    func deny(_ action: String) { work.withLock { _ = $0.denied.insert(action) } }

    func deployChanges(after reads: Int) { work.withLock { $0.polls = reads } }

    func hideNewResources(for reads: Int) { work.withLock { $0.hides = reads } }

    func fail(_ kind: Fault, atCall call: Int) { work.withLock { $0.fault = (call, kind) } }

    var transport: ScriptedTransport { ScriptedTransport { [self] in answer($0) } }

    private func answer(_ request: HTTPTransportRequest) -> ScriptedTransport.Answer {
        work.withLock { work in
            let call = work.calls
            work.calls += 1
            guard let fault = work.fault, fault.call == call else { return Self.answer(request, &work) }
            switch fault.kind {
            case .timeout:
                _ = Self.answer(request, &work)
                return .failure(.timedOut)
            case .failure: return Self.error(500, "InternalError")
            case .throttling: return Self.error(503, "Throttling")
            case .denial: return Self.error(403, "AccessDenied")
            case .conflict: return Self.error(409, "EntityAlreadyExists")
            }
        }
    }

    private static func answer(_ request: HTTPTransportRequest, _ work: inout Work) -> ScriptedTransport.Answer {
        let url = request.url.dropFirst("http://127.0.0.1:1".count)
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = form(parts.count > 1 ? String(parts[1]) : "")
        let path = parts[0].split(separator: "/").map(String.init)
        if path.first == "2020-05-31" {
            return cloudFront(request, Array(path.dropFirst()), query, &work)
        }
        if path.isEmpty { return iam(form(request.text), Self.account(of: request), &work) }
        return s3(request, path, query, &work)
    }

    /// The account of the access key: `AKID222222222222` is one of 222222222222.
    private static func account(of request: HTTPTransportRequest) -> String {
        let key = (request.headers("Authorization").first ?? "").split(separator: "/").first?.split(separator: "=").last
        let digits = String((key ?? "").suffix(12))
        return AccountID.isValid(digits) ? digits : account
    }

    static func form(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            values[PercentEncoding.decode(parts[0])] = parts.count > 1 ? PercentEncoding.decode(parts[1]) : ""
        }
        return values
    }

    static func error(_ status: Int, _ code: String) -> ScriptedTransport.Answer {
        .answer(
            status, "<ErrorResponse><Error><Code>\(code)</Code><Message>of the test</Message></Error></ErrorResponse>")
    }

    static func isHidden(_ name: String, _ work: inout Work) -> Bool {
        guard let left = work.hidden[name], left > 0 else { return false }
        work.hidden[name] = left - 1
        return true
    }

    static func tags(_ elements: [XMLElement]) -> [String: String] {
        Dictionary(elements.compactMap(ResourceTag.init).map { ($0.key, $0.value) }) { $1 }
    }

    static func text(_ tags: [String: String]) -> String {
        tags.sorted { $0.key < $1.key }.map { "<Tag><Key>\($0.key)</Key><Value>\($0.value)</Value></Tag>" }.joined()
    }
}
