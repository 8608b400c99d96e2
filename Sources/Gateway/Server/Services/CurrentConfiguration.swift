import GatewayCore
import ServiceLifecycle
import Synchronization

/// The configuration in force, and what runs with it. Requests that are under way end with the one that they began with.
final class CurrentConfiguration: Service {
    private let mounted: Mutex<MountedConfiguration>
    private let signal = ChangeSignal()

    init(_ mounted: MountedConfiguration) { self.mounted = Mutex(mounted) }

    var value: MountedConfiguration { mounted.withLock { $0 } }

    func replace(with new: MountedConfiguration) {
        mounted.withLock { $0 = new }
        signal.send()
    }

    /// Whatever the old configuration's work is in the middle of is given up: each of its steps may be done again.
    func run() async {
        await cancelWhenGracefulShutdown {
            // Before the first look, so that no change falls between.
            var changes = self.signal.changes().makeAsyncIterator()
            while !Task.isCancelled {
                await withTaskGroup(of: Void.self) { group in
                    for service in self.value.work { group.addTask { try? await service.run() } }
                    _ = await changes.next()
                    group.cancelAll()
                }
            }
        }
    }
}
