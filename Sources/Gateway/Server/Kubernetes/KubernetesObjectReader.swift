import FoundationEssentials
import GatewayCore
import HTTPTypes
import JSON
import Kubernetes
import KubernetesAPI
import Synchronization

/// Identifies one object of the Kubernetes API. Names are compared by code units.
struct KubernetesObjectReference: Sendable, Hashable {
    let resource: KubernetesResource
    private let space: ExactString?
    private let exactName: ExactString

    /// - Parameter namespace: nil for a cluster-scoped object.
    init(_ resource: KubernetesResource, namespace: String?, name: String) {
        self.resource = resource
        space = namespace.map { ExactString($0) }
        exactName = ExactString(name)
    }

    var namespace: String? { space?.string }
    var name: String { exactName.string }
    var path: String { resource.path(namespace: namespace, name: name) }
}

/// Reads labels and annotations of objects from the API server, with a cache of some seconds and a limit of concurrent
/// reads. Callers that need the same object share one read. Failures and missing objects are not cached.
final class KubernetesObjectReader: Sendable {
    typealias Object = WorkloadMetadata.Object

    /// Why an object could not be read; whether it exists is not known.
    enum Failure: Error {
        /// Too many reads are in flight.
        case tooMany
        case request(KubernetesRequestError)
        /// An error response.
        case status(KubernetesReply)
        /// The response is another object, or none.
        case otherObject
    }

    private typealias Answer = Result<Object?, Failure>

    private enum Turn: Sendable {
        case answered(Answer)
        /// This caller reads the object, and answers the waiting callers.
        case reads
    }

    private struct Waiter {
        let number: UInt64
        let continuation: CheckedContinuation<Turn, Never>
    }

    private struct State {
        var cache: ObjectCache
        /// The callers that wait for each read in flight, in their order.
        var waiters: [KubernetesObjectReference: [Waiter]] = [:]
        var lastNumber: UInt64 = 0
    }

    let clock: @Sendable () -> Date
    private let client: KubernetesClient
    private let limits: ObjectReadLimits
    private let state: Mutex<State>

    init(client: KubernetesClient, limits: ObjectReadLimits, clock: @escaping @Sendable () -> Date) {
        self.client = client
        self.limits = limits
        self.clock = clock
        state = Mutex(State(cache: ObjectCache(limits: limits)))
    }

    /// Reads an object, from the cache where that is accepted.
    ///
    /// - Parameters:
    ///   - accepted: whether an answer that was requested before this call may be used. Where it is not, or no object
    ///     was found, the object is read once more.
    ///   - cached: returns the part of an object that is cached.
    /// - Returns: nil where there is no such object.
    func object(
        _ reference: KubernetesObjectReference, at now: Date,
        accepting accepted: @escaping @Sendable (Object) -> Bool = { _ in true },
        caching cached: @Sendable (Object) -> Object = { $0 }
    ) async throws(Failure) -> Object? {
        var isFirst = true
        while true {
            switch await turn(reference, now, isFirst ? accepted : nil) {
            case .reads: return try await read(reference, now, cached)
            case .answered(.success(let object?)) where !isFirst || accepted(object): return object
            case .answered(.success(nil)) where !isFirst: return nil
            case .answered(.success): isFirst = false
            case .answered(.failure(let failure)): throw failure
            }
        }
    }

    /// How many callers wait for the read of an object that another one does.
    func waitingCallers(of reference: KubernetesObjectReference) -> Int {
        state.withLock { $0.waiters[reference]?.count ?? 0 }
    }

    /// Waits for a read in flight, if there is one.
    ///
    /// - Parameter accepted: nil where the cache is not used.
    private func turn(
        _ reference: KubernetesObjectReference, _ now: Date, _ accepted: (@Sendable (Object) -> Bool)?
    ) async -> Turn {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let turn = state.withLock { state -> Turn? in
                    // A caller that is cancelled later is found among the waiting ones.
                    if Task.isCancelled { return .answered(.failure(.request(.cancelled))) }
                    if let accepted, let object = state.cache.object(for: reference, at: now), accepted(object) {
                        return .answered(.success(object))
                    }
                    if state.waiters[reference] != nil {
                        state.waiters[reference]?.append(Waiter(number: number, continuation: continuation))
                        return nil
                    }
                    guard state.waiters.count < limits.inFlight else { return .answered(.failure(.tooMany)) }
                    state.waiters[reference] = []
                    return .reads
                }
                if let turn { continuation.resume(returning: turn) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let index = state.waiters[reference]?.firstIndex(where: { $0.number == number }) else {
                    return nil
                }
                return state.waiters[reference]?.remove(at: index)
            }
            waiter?.continuation.resume(returning: .answered(.failure(.request(.cancelled))))
        }
    }

    private func read(
        _ reference: KubernetesObjectReference, _ now: Date, _ cached: (Object) -> Object
    ) async throws(Failure) -> Object? {
        let answer: Answer
        do throws(Failure) {
            answer = .success(try await get(reference, now))
        } catch {
            answer = .failure(error)
        }
        let (waiters, turn) = state.withLock { state -> ([Waiter], Turn) in
            var waiters = state.waiters.removeValue(forKey: reference) ?? []
            if case .failure = answer, Task.isCancelled, !waiters.isEmpty {
                // The next caller reads for the others.
                let next = waiters.removeFirst()
                state.waiters[reference] = waiters
                return ([next], .reads)
            }
            if case .success(let object?) = answer {
                state.cache.insert(cached(object), for: reference, requested: now)
            }
            return (waiters, .answered(answer))
        }
        for waiter in waiters { waiter.continuation.resume(returning: turn) }
        return try answer.get()
    }

    private func get(_ reference: KubernetesObjectReference, _ now: Date) async throws(Failure) -> Object? {
        let reply: KubernetesReply
        do throws(KubernetesRequestError) {
            reply = try await client.send(KubernetesRequest(.get, reference.path), at: now, timeout: limits.timeout)
        } catch {
            throw .request(error)
        }
        // A 404 without a Status is not from the API server.
        if reply.status == 404, KubernetesStatus(json: reply.body)?.reason == "NotFound" { return nil }
        guard reply.status == 200 else { throw .status(reply) }
        guard let object = Object(json: reply.body, reference) else { throw .otherObject }
        return object
    }
}

extension WorkloadMetadata.Object {
    /// Reads a response.
    ///
    /// - Returns: nil where the body is not the requested object, or has no uid.
    fileprivate init?(json: [UInt8], _ reference: KubernetesObjectReference) {
        struct Wire: Decodable {
            struct Metadata: Decodable {
                let name: String
                let namespace: String?
                let uid: String
                let labels: [String: String]?
                let annotations: [String: String]?
            }

            let apiVersion: String
            let kind: String
            let metadata: Metadata
        }
        guard let wire = try? JSONValue(parsing: json).decode(Wire.self), wire.kind == reference.resource.kind,
            wire.apiVersion == reference.resource.apiVersion, !wire.metadata.uid.isEmpty,
            KubernetesObjectReference(
                reference.resource, namespace: wire.metadata.namespace, name: wire.metadata.name) == reference
        else { return nil }
        self.init(
            uid: wire.metadata.uid, labels: wire.metadata.labels ?? [:], annotations: wire.metadata.annotations ?? [:])
    }
}
