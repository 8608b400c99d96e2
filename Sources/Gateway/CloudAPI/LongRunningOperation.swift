package import GatewayPluginAPI
package import JSON

/// Waits until a long-running operation of a service is done: reads its state with growing pauses, within bounds.
package struct LongRunningOperation: Sendable {
    /// The state of an operation.
    package enum State: Sendable {
        case done(JSONValue)
        case running
    }

    private let sleep: @Sendable (Int) async throws(PublishError) -> Void

    /// Pauses between two readings, in seconds; altogether a minute.
    static let pauses = [1, 1, 2, 3, 5, 8, 10, 10, 10, 10]

    /// - Parameter sleep: waits these seconds, such as ``PublisherContext/sleep``.
    package init(sleep: @escaping @Sendable (Int) async throws(PublishError) -> Void) { self.sleep = sleep }

    /// Waits.
    ///
    /// - Parameters:
    ///   - name: in the error.
    ///   - state: of the first response.
    ///   - read: reads the state again.
    /// - Returns: the result.
    /// - Throws: what `read` throws; ``PublishError/Kind/unavailable`` where the operation is not done in a minute. It may
    ///   still be done later: whoever repeats the request reads first what is stored.
    package func result(
        _ name: String, first state: State, read: @Sendable () async throws(PublishError) -> State
    ) async throws(PublishError) -> JSONValue {
        var state = state
        for pause in Self.pauses {
            if case .done(let result) = state { return result }
            try await sleep(pause)
            state = try await read()
        }
        if case .done(let result) = state { return result }
        let seconds = Self.pauses.reduce(0, +)
        throw PublishError(
            .unavailable, "\(name) is not done after \(seconds) s; its result is read later", retryAfter: 10)
    }
}
