import ArgumentParser
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Ctrl-C (SIGINT) and SIGTERM of a command whose work may end between two calls.
enum Interruption {
    /// Runs work that the first signal cancels. The second signal ends the process.
    ///
    /// - Throws: the exit status of an interrupted command where the work failed after a signal; else what it throws.
    static func cancelling<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let (stop, stopping) = AsyncStream.makeStream(of: Void.self)
        return try await withThrowingTaskGroup(of: Value?.self) { tasks in
            tasks.addTask {
                var isFirst = true
                for await _ in signals {
                    guard isFirst else { exit(ExitStatus.interrupted.rawValue) }
                    isFirst = false
                    stopping.finish()
                }
                return nil
            }
            tasks.addTask { try await cancelling(work, at: stop) }
            defer { tasks.cancelAll() }
            while let ended = try await tasks.next() {
                if let ended { return ended }
            }
            throw ExitStatus.interrupted
        }
    }

    private static func cancelling<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value, at stop: AsyncStream<Void>
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { tasks in
            tasks.addTask { try await work() }
            tasks.addTask {
                for await _ in stop {}
                return nil
            }
            let first = try await tasks.next() ?? nil
            tasks.cancelAll()
            if let first { return first }
            let last: Value?
            do {
                last = try await tasks.next() ?? nil
            } catch {
                last = nil
            }
            guard let last else { throw ExitStatus.interrupted }
            return last
        }
    }
}
