import ExchangeClient
import Glibc

/// Fetches what is due of a volume, and writes it. One thread works on a volume at a time.
struct VolumePublisher {
    let pods: NodeFolder
    let lock: NodeFolder
    let storage: VolumeFolder.Storage
    let tokenMode: mode_t
    let endpoints: EndpointSettings
    let metrics: Metrics

    /// - Parameter known: the state of an earlier call; nil in the first call of this process.
    /// - Returns: the new state. Its ``VolumeState/problems(at:)`` are empty if the volume is complete.
    func publish(
        _ request: VolumeRequest, for subject: SubjectToken, known: VolumeState?,
        over connection: () throws(SidecarError) -> WorkerConnection
    ) -> VolumeState {
        let now = Clock.boot()
        var state = known ?? VolumeState(request, at: now)
        var opened: VolumeFolder?
        do throws(SidecarError) {
            opened = try VolumeFolder.open(request.target, in: pods, storage)
            let identity = opened?.folder.identity
            if state.device != identity?.device || state.inode != identity?.inode {
                state = try recovered(request, opened)
            }
        } catch {
            // The files that the schedules are about are not there any more.
            state = VolumeState(request, at: now)
            for name in state.entries.keys { state.entries[name]?.failed(error) }
            log(request, "-", error, isValid: false)
            return state
        }
        for endpoint in request.endpoints {
            guard var entry = state.entries[endpoint.name] else { continue }
            let now = Clock.boot()
            let lacksFiles = !entry.hasFiles && entry.schedule.isTokenValid(at: now)
            guard entry.schedule.isDue(at: now) || lacksFiles else { continue }
            do throws(SidecarError) {
                try refresh(endpoint, &entry, request, subject, &opened, connection)
            } catch {
                entry.schedule.failed(at: now, retryAfter: error.retryAfter, random: Clock.random())
                entry.failed(error)
                metrics.count(.exchangeFailed)
                log(request, endpoint.name, error, isValid: entry.schedule.isTokenValid(at: now))
            }
            state.entries[endpoint.name] = entry
        }
        (state.device, state.inode) = (opened?.folder.identity.device, opened?.folder.identity.inode)
        return state
    }

    private func refresh(
        _ endpoint: VolumeRequest.Endpoint, _ entry: inout VolumeState.Entry, _ request: VolumeRequest,
        _ subject: SubjectToken, _ opened: inout VolumeFolder?,
        _ connection: () throws(SidecarError) -> WorkerConnection
    ) throws(SidecarError) {
        let setting = endpoints.setting(of: endpoint.name)
        var fetched: (token: IssuedToken, lifetime: Double)?
        if entry.schedule.isDue(at: Clock.boot()) {
            fetched = try connection().token(
                path: setting.path, for: subject, requestedLifetime: endpoint.lifetime)
            metrics.count(.exchangeSucceeded)
        }
        // The folder is created for a token, so that a Pod without one leaves nothing on the node.
        let folder: VolumeFolder
        if let opened {
            folder = opened
        } else {
            folder = try VolumeFolder.make(request.target, in: pods, storage, lock: lock)
            opened = folder
        }
        try folder.removeTemporary(of: endpoint.name, at: Clock.wall())
        if !entry.hasFiles {
            // Before the token, whose presence makes the volume complete.
            for file in endpoint.files {
                try folder.write(file.contents, to: file.name, of: endpoint.name, mode: tokenMode)
            }
            entry.hasFiles = true
        }
        guard let (token, lifetime) = fetched else { return }
        try folder.write(token.bytes, to: "token", of: endpoint.name, mode: tokenMode)
        entry.schedule.succeeded(
            at: Clock.boot(), lifetime: lifetime, remaining: Double(setting.remaining), random: Clock.random())
        entry.succeeded()
        LogLine.write(
            .info, "token written",
            [
                ("pod", LogLine.quote(request.pod)), ("podUID", LogLine.quote(request.target.podUID)),
                ("endpoint", LogLine.quote(endpoint.name)), ("expires", LogLine.quote(Clock.text(token.expires))),
            ])
    }

    /// The state of a volume that an earlier process published, from its token files. Nothing is exchanged that is not
    /// due.
    private func recovered(_ request: VolumeRequest, _ folder: VolumeFolder?) throws(SidecarError) -> VolumeState {
        let now = Clock.boot()
        let wall = Clock.wall()
        var state = VolumeState(request, at: now)
        guard let folder else { return state }
        (state.device, state.inode) = (folder.folder.identity.device, folder.folder.identity.inode)
        for endpoint in request.endpoints {
            guard let (token, written) = try folder.token(of: endpoint.name), written <= wall else { continue }
            let lifetime = token.lifetime ?? token.expires - written
            let age = wall - written
            guard lifetime > age, lifetime < 1e8 else { continue }
            state.entries[endpoint.name]?.schedule.succeeded(
                at: now - age, lifetime: lifetime,
                remaining: Double(endpoints.setting(of: endpoint.name).remaining), random: Clock.random())
        }
        return state
    }

    private func log(_ request: VolumeRequest, _ endpoint: String, _ error: SidecarError, isValid: Bool) {
        LogLine.write(
            .warning(error.code), "token not refreshed",
            [
                ("pod", LogLine.quote(request.pod)), ("podUID", LogLine.quote(request.target.podUID)),
                ("endpoint", LogLine.quote(endpoint)), ("error", LogLine.quote(error.reason)),
                ("auditID", error.auditID.map(LogLine.quote) ?? "null"), ("tokenValid", "\(isValid)"),
            ])
    }
}
