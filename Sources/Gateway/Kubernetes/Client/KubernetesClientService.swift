import AsyncHTTPClient
public import ServiceLifecycle

/// Shuts a client's connections down with the program. It must run, or ``shutdown()`` must be called.
public struct KubernetesClientService: Service {
    let client: HTTPClient

    /// Waits for a graceful shutdown, then closes all connections.
    public func run() async throws {
        try? await gracefulShutdown()
        try await client.shutdown()
    }

    /// Closes all connections of a client whose service does not run.
    public func shutdown() async throws { try await client.shutdown() }
}
