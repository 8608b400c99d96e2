import ExchangeClient
import Synchronization

/// The volumes of this node that the process knows, and which of them a thread works on.
final class VolumeTable: Sendable {
    /// More Pods than a kubelet runs.
    static let maximumVolumes = 10_000

    private struct Volume {
        var state: VolumeState?
        var isBusy = false
    }

    private let volumes = Mutex<[TargetPath: Volume]>([:])

    enum Claim {
        case claimed(VolumeState?)
        /// Another call works on the volume.
        case busy
        case full
    }

    /// The state of a volume that no thread works on.
    func state(of target: TargetPath) -> VolumeState? {
        volumes.withLock { volumes in
            guard let volume = volumes[target], !volume.isBusy else { return nil }
            return volume.state
        }
    }

    /// Claims a volume for one call.
    func claim(_ target: TargetPath) -> Claim {
        volumes.withLock { volumes in
            if volumes[target]?.isBusy == true { return .busy }
            guard volumes[target] != nil || volumes.count < Self.maximumVolumes else { return .full }
            volumes[target, default: Volume()].isBusy = true
            return .claimed(volumes[target]?.state)
        }
    }

    /// Ends a claim.
    ///
    /// - Parameter state: nil if the volume was removed.
    func release(_ target: TargetPath, _ state: VolumeState?) {
        volumes.withLock { volumes in
            volumes[target] = state.map { Volume(state: $0) }
        }
    }

    /// How many volumes there are, and how many of them lack a valid token.
    func counts(at now: Double) -> (volumes: Int, failing: Int) {
        volumes.withLock { volumes in
            let states = volumes.values.compactMap(\.state)
            return (states.count, states.count { !$0.problems(at: now).isEmpty })
        }
    }
}
