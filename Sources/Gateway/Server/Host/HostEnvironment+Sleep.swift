import GatewayPluginAPI

extension HostEnvironment {
    /// Waits these seconds, for a plugin.
    var sleep: @Sendable (Int) async throws(PublishError) -> Void {
        let scheduler = Scheduler.system(clock: clock)
        return { (seconds) async throws(PublishError) in
            do {
                try await scheduler.sleep(Double(seconds))
            } catch {
                throw PublishError(.unavailable, "cancelled")
            }
        }
    }
}
