import AsyncHTTPClient
public import ServiceLifecycle

/// Shuts a client's connections down with the program. It must run, or ``shutdown()`` must be called.
public struct KubernetesClientService: Service {
    let clients: [HTTPClient]

    /// Waits for a graceful shutdown, then closes all connections.
    public func run() async throws {
        try? await gracefulShutdown()
        try await shutdown()
    }

    /// Closes all connections of a client whose service does not run.
    public func shutdown() async throws {
        for client in clients { try await client.shutdown() }
    }
}
