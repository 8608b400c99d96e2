import GatewayCore
import ServiceLifecycle
import Synchronization

/// The configuration in force and its services. A request is completed with the configuration that it started with.
final class CurrentConfiguration: Service {
    private let mounted: Mutex<MountedConfiguration>
    private let signal = ChangeSignal()

    init(_ mounted: MountedConfiguration) { self.mounted = Mutex(mounted) }

    var value: MountedConfiguration { mounted.withLock { $0 } }

    /// A part of it, without a copy of the rest.
    func part<Part>(_ read: (MountedConfiguration) -> Part) -> Part { mounted.withLock { read($0) } }

    func replace(with new: MountedConfiguration) {
        mounted.withLock { $0 = new }
        signal.send()
    }

    /// Runs the services of the configuration in force. A replacement cancels those of the old one, whose steps can be
    /// repeated.
    func run() async {
        await cancelWhenGracefulShutdown {
            // Before the first configuration is read, so that no change is missed.
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
