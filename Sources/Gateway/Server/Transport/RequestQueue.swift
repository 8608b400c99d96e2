import GatewayPluginAPI
import Synchronization

/// Limits the concurrent requests to each host. More wait in order of arrival. The timeout of a request begins with its
/// turn, so that those of thousands of endpoints at one host do not time out while they wait for each other.
final class RequestQueue: Sendable {
    /// As many as an HTTP client has connections to a host.
    static let concurrency = 8
    /// The longest wait in seconds, so that the failure of a host that does not answer is reported.
    static let maximumWait = 60.0

    private struct Host {
        var running = 0
        /// The waiting requests by number. Some between ``next`` and ``end`` may have been cancelled.
        var waiting: [Int: AsyncStream<Void>.Continuation] = [:]
        var next = 0
        var end = 0

        /// The request whose turn it is; nil where none waits.
        mutating func takeNext() -> AsyncStream<Void>.Continuation? {
            while next < end {
                defer { next += 1 }
                if let signal = waiting.removeValue(forKey: next) { return signal }
            }
            return nil
        }
    }

    private let concurrency: Int
    private let sleep: @Sendable (Double) async throws -> Void
    /// The hosts with requests.
    private let hosts = Mutex<[String: Host]>([:])

    /// - Parameter sleep: waits this many seconds; throws when cancelled.
    init(
        concurrency: Int = RequestQueue.concurrency,
        sleep: @escaping @Sendable (Double) async throws -> Void = { try await Task.sleep(for: .seconds($0)) }
    ) {
        self.concurrency = concurrency
        self.sleep = sleep
    }

    /// The numbers of running and waiting requests to a host.
    func load(of host: String) -> (running: Int, waiting: Int) {
        hosts.withLock { ($0[host]?.running ?? 0, $0[host]?.waiting.count ?? 0) }
    }

    /// How many hosts have requests.
    var hostCount: Int { hosts.withLock { $0.count } }

    /// Runs a request to a host when it is its turn.
    ///
    /// - Throws: what the request throws; an error as well where the wait is too long, or the task is cancelled.
    func run<Value: Sendable>(
        to host: String, _ request: () async throws(HTTPTransportError) -> Value
    ) async throws(HTTPTransportError) -> Value {
        guard await enter(host) else { throw .timedOut }
        defer { leave(host) }
        return try await request()
    }

    /// - Returns: whether it is the request's turn.
    private func enter(_ name: String) async -> Bool {
        let (turn, signal) = AsyncStream.makeStream(of: Void.self)
        let number = hosts.withLock { hosts -> Int? in
            var host = hosts[name] ?? Host()
            defer { hosts[name] = host }
            guard host.running >= concurrency else {
                host.running += 1
                return nil
            }
            host.waiting[host.end] = signal
            host.end += 1
            return host.end - 1
        }
        guard let number else { return true }
        await withTaskGroup { [sleep] group in
            group.addTask { for await _ in turn {} }
            group.addTask { try? await sleep(Self.maximumWait) }
            await group.next()
            group.cancelAll()
        }
        // The turn of one that does not wait any more has come.
        return hosts.withLock { $0[name]?.waiting.removeValue(forKey: number) == nil }
    }

    private func leave(_ name: String) {
        let signal = hosts.withLock { hosts -> AsyncStream<Void>.Continuation? in
            guard var host = hosts[name] else { return nil }
            // The next request takes the place of this one.
            let signal = host.takeNext()
            if signal == nil { host.running -= 1 }
            hosts[name] = host.running == 0 ? nil : host
            return signal
        }
        signal?.finish()
    }
}
