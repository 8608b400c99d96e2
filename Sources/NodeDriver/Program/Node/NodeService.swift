import ExchangeClient
import Glibc
import NIOCore
import NIOPosix

/// The services Identity and Node of the Container Storage Interface.
final class NodeService: RPCService {
    struct Setting: Sendable {
        let driver: String
        let nodeID: String
        let kubeletFolder: String
        let audience: String
        let storage: VolumeFolder.Storage
        let tokenMode: UInt32
    }

    private let setting: Setting
    private let folders: @Sendable () throws(SidecarError) -> (pods: NodeFolder, lock: NodeFolder)
    private let endpoints: EndpointSettings
    private let queue: ExchangeQueue
    private let pool: NIOThreadPool
    private let table: VolumeTable
    private let metrics: Metrics

    /// - Parameters:
    ///   - folders: opens the kubelet's folder `pods`, and the folder that the driver's processes lock.
    ///   - pool: for calls that do not wait for the gateway.
    init(
        _ setting: Setting, endpoints: EndpointSettings, queue: ExchangeQueue, pool: NIOThreadPool, table: VolumeTable,
        metrics: Metrics, folders: @escaping @Sendable () throws(SidecarError) -> (pods: NodeFolder, lock: NodeFolder)
    ) {
        (self.setting, self.endpoints, self.queue, self.pool) = (setting, endpoints, queue, pool)
        (self.table, self.metrics, self.folders) = (table, metrics, folders)
    }

    func response(to method: String, _ message: ArraySlice<UInt8>, on loop: any EventLoop) -> EventLoopFuture<[UInt8]> {
        var writer = ProtobufWriter()
        switch method {
        case "/csi.v1.Identity/GetPluginInfo":
            writer.append(1, setting.driver)
            writer.append(2, NodeVersion.text)
        case "/csi.v1.Identity/Probe": writer.append(1, [0x08, 0x01])
        case "/csi.v1.Node/NodeGetInfo": writer.append(1, setting.nodeID)
        case "/csi.v1.Identity/GetPluginCapabilities", "/csi.v1.Node/NodeGetCapabilities": break
        case "/csi.v1.Node/NodePublishVolume": return publish(message, loop)
        case "/csi.v1.Node/NodeUnpublishVolume": return unpublish(message, loop)
        default: return loop.makeFailedFuture(RPCError(.unimplemented, "unknown method"))
        }
        return loop.makeSucceededFuture(writer.bytes)
    }

    // MARK: - Publish

    private func publish(_ bytes: ArraySlice<UInt8>, _ loop: any EventLoop) -> EventLoopFuture<[UInt8]> {
        do throws(RPCError) {
            let (request, subject) = try read(bytes)
            return publish(request, subject, loop)
        } catch {
            metrics.count(.publishInvalid)
            // The message contains constants and limits only: nothing of the request is logged.
            LogLine.write(
                .warning(error.stableCode), "publish request rejected", [("error", LogLine.quote(error.message))])
            return loop.makeFailedFuture(error)
        }
    }

    private func read(_ bytes: ArraySlice<UInt8>) throws(RPCError) -> (VolumeRequest, SubjectToken) {
        let message: PublishMessage
        do throws(ProtobufReader.Malformed) {
            message = try PublishMessage(bytes)
        } catch {
            throw RPCError(.invalidArgument, "the request is not a NodePublishVolumeRequest")
        }
        let request = try VolumeRequest(message, kubeletFolder: setting.kubeletFolder)
        return (request, try VolumeRequest.subjectToken(message, audience: setting.audience))
    }

    private func publish(
        _ request: VolumeRequest, _ subject: SubjectToken, _ loop: any EventLoop
    ) -> EventLoopFuture<[UInt8]> {
        if isCurrent(request) {
            metrics.count(.publishCurrent)
            return loop.makeSucceededFuture([])
        }
        let known: VolumeState?
        switch table.claim(request.target) {
        case .claimed(let state): known = state?.endpoints == request.endpoints ? state : nil
        case .busy:
            metrics.count(.publishBusy)
            return loop.makeFailedFuture(RPCError(.aborted, "another call for this volume is in progress"))
        case .full:
            metrics.count(.publishFailed)
            return loop.makeFailedFuture(
                RPCError(.resourceExhausted, "the node has more than \(VolumeTable.maximumVolumes) volumes"))
        }
        let promise = loop.makePromise(of: [UInt8].self)
        queue.add { [self] connection in
            promise.completeWith(Result { try work(request, subject, known, connection) })
        }
        return promise.futureResult
    }

    /// Whether nothing is due, and the folder is the one in which the files were written.
    private func isCurrent(_ request: VolumeRequest) -> Bool {
        guard let state = table.state(of: request.target), state.endpoints == request.endpoints,
            state.isCurrent(at: Clock.boot()), let folders = try? folders(),
            let opened = try? VolumeFolder.open(request.target, in: folders.pods, setting.storage)
        else { return false }
        let identity = opened.folder.identity
        return state.device == identity.device && state.inode == identity.inode
            && request.endpoints.allSatisfy { opened.folder.changeTime("\($0.name)/token") != nil }
    }

    private func work(
        _ request: VolumeRequest, _ subject: SubjectToken, _ known: VolumeState?,
        _ connection: () throws(SidecarError) -> WorkerConnection
    ) throws(RPCError) -> [UInt8] {
        let (pods, lock): (NodeFolder, NodeFolder)
        do throws(SidecarError) {
            (pods, lock) = try folders()
        } catch {
            table.release(request.target, known)
            throw RPCError(.unavailable, error.codedReason)
        }
        let publisher = VolumePublisher(
            pods: pods, lock: lock, storage: setting.storage, tokenMode: setting.tokenMode, endpoints: endpoints,
            metrics: metrics)
        let state = publisher.publish(request, for: subject, known: known, over: connection)
        table.release(request.target, state)
        let problems = state.problems(at: Clock.boot())
        guard problems.isEmpty else {
            metrics.count(.publishFailed)
            // Not a final error for the kubelet, which then unpublishes the volume when the Pod is deleted.
            throw RPCError(.unavailable, problems.joined(separator: "; "))
        }
        metrics.count(.publishRefreshed)
        return []
    }

    // MARK: - Unpublish

    private func unpublish(_ bytes: ArraySlice<UInt8>, _ loop: any EventLoop) -> EventLoopFuture<[UInt8]> {
        guard let message = try? UnpublishMessage(bytes), !message.volumeID.isEmpty,
            let target = TargetPath(message.targetPath, kubeletFolder: setting.kubeletFolder)
        else {
            metrics.count(.unpublishFailed)
            return loop.makeFailedFuture(RPCError(.invalidArgument, "invalid volume_id or target_path"))
        }
        let known: VolumeState?
        switch table.claim(target) {
        case .claimed(let state): known = state
        // Not in the table, so no call works on it.
        case .full: known = nil
        case .busy:
            return loop.makeFailedFuture(RPCError(.aborted, "another call for this volume is in progress"))
        }
        let promise = loop.makePromise(of: [UInt8].self)
        pool.submit { [self] _ in promise.completeWith(Result { try remove(target, known) }) }
        return promise.futureResult
    }

    private func remove(_ target: TargetPath, _ known: VolumeState?) throws(RPCError) -> [UInt8] {
        do throws(SidecarError) {
            let (pods, lock) = try folders()
            try VolumeFolder.remove(target, in: pods, lock: lock)
        } catch {
            table.release(target, known)
            metrics.count(.unpublishFailed)
            LogLine.write(
                .warning(error.code), "volume not removed",
                [("podUID", LogLine.quote(target.podUID)), ("error", LogLine.quote(error.reason))])
            throw RPCError(.internal, error.codedReason)
        }
        table.release(target, nil)
        metrics.count(.unpublishSucceeded)
        LogLine.write(.info, "volume removed", [("podUID", LogLine.quote(target.podUID))])
        return []
    }
}
