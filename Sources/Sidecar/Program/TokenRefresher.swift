import COpenSSL
import ExchangeClient
import Glibc

/// Refreshes the token file of each endpoint before the token expires.
struct TokenRefresher: ~Copyable {
    private struct Entry {
        let endpoint: Options.Endpoint
        let file: String
        /// Whether the files beside the token file are written.
        var hasFiles = false
        var schedule: RefreshSchedule
        /// Why the last attempt failed; nil after a success.
        var failure: String?
    }

    private let options: Options
    private let server: ServerAddress
    private let trust: TrustedCertificates
    private let poller: Poller
    private var entries: [Entry] = []
    private var termination: TerminationMessage
    private var bundle = CABundleUpdate()

    init(_ options: Options, server: ServerAddress, _ poller: Poller) {
        self.options = options
        self.server = server
        self.poller = poller
        trust = TrustedCertificates(
            file: options.caFile, text: options.caCertificates.map { Array($0.utf8) }, cache: options.caCache)
        termination = TerminationMessage(file: options.terminationLog)
        let now = Clock.boot()
        for endpoint in options.endpoints {
            let file = options.tokenFile(endpoint)
            AtomicFile.removeTemporary(of: file)
            for rendered in endpoint.files { AtomicFile.removeTemporary(of: options.path(rendered.name, endpoint)) }
            entries.append(Entry(endpoint: endpoint, file: file, schedule: RefreshSchedule(at: now)))
        }
    }

    /// Refreshes tokens until the process ends.
    mutating func run() {
        while true {
            round()
            poller.sleep(until: entries.map(\.schedule.due).min() ?? .infinity)
        }
    }

    /// Fetches each token once.
    ///
    /// - Returns: one error for each endpoint without a token at the deadline.
    mutating func once() -> [String] {
        let end = Clock.boot() + Double(options.deadline)
        while true {
            round(until: end)
            let missing = entries.filter { $0.schedule.tokenExpiration == nil }
            guard let next = missing.map(\.schedule.due).min() else { return [] }
            guard next < end else {
                return missing.map {
                    "\($0.endpoint.name): \($0.failure ?? "deadline exceeded before the first attempt")"
                }
            }
            poller.sleep(until: next)
        }
    }

    /// Fetches every token that is due and the gateway's CA bundle over one connection, then releases the memory.
    private mutating func round(until end: Double? = nil) {
        fetchDue(until: end)
        termination.update(
            entries.compactMap { entry in entry.failure.map { "\(entry.endpoint.name): \($0)" } }
                .joined(separator: "\n"))
        sidecar_release_memory()
    }

    private mutating func fetchDue(until end: Double?) {
        var connection = GatewayConnection(
            server: server, trust: trust, poller: poller, userAgent: "sts-sidecar",
            timeout: Double(options.timeout))
        var isReached = false
        for index in entries.indices {
            let start = Clock.boot()
            if let end, start >= end || entries[index].schedule.tokenExpiration != nil { continue }
            guard entries[index].schedule.isDue(at: start) else { continue }
            do {
                try fetch(index, over: &connection)
                isReached = true
            } catch {
                failed(index, error)
            }
        }
        if isReached { updateBundle(over: &connection) }
    }

    private mutating func fetch(_ index: Int, over connection: inout GatewayConnection) throws(SidecarError) {
        let endpoint = entries[index].endpoint
        try makeFolder(of: endpoint)
        if !entries[index].hasFiles {
            // Before the token, whose presence makes the Pod ready.
            for file in endpoint.files {
                try AtomicFile.write(file.contents, to: options.path(file.name, endpoint), mode: options.tokenMode)
            }
            entries[index].hasFiles = true
        }
        let subject = try SubjectToken(file: options.subjectTokenFile)
        let (token, lifetime) = try connection.token(
            options.wire, path: endpoint.path, for: subject, requestedLifetime: endpoint.lifetime)
        try AtomicFile.write(token.bytes, to: entries[index].file, mode: options.tokenMode)
        let now = Clock.boot()
        entries[index].schedule.succeeded(
            at: now, lifetime: lifetime, remaining: Double(endpoint.remaining), random: Clock.random())
        entries[index].failure = nil
        LogLine.write(
            .info, "token written",
            [
                ("endpoint", LogLine.quote(endpoint.name)), ("expires", LogLine.quote(Clock.text(token.expires))),
                (
                    "nextRefresh",
                    LogLine.quote(Clock.text(Clock.wall() + entries[index].schedule.due - now))
                ),
            ])
    }

    private func makeFolder(of endpoint: Options.Endpoint) throws(SidecarError) {
        let folder = "\(options.tokenDirectory)/\(endpoint.name)"
        if mkdir(folder, 0o755) == 0 {
            // Independent of the umask: containers with other user ids read the folder.
            chmod(folder, 0o755)
        } else if errno != EEXIST {
            throw .system(.file, "cannot create \"\(folder)\"")
        }
    }

    private mutating func failed(_ index: Int, _ error: SidecarError) {
        let now = Clock.boot()
        entries[index].schedule.failed(at: now, retryAfter: error.retryAfter, random: Clock.random())
        entries[index].failure = "\(error.reason) (\(error.code.rawValue))"
        let tenths = Int(((entries[index].schedule.due - now) * 10).rounded())
        var members = [
            ("endpoint", LogLine.quote(entries[index].endpoint.name)), ("error", LogLine.quote(error.reason)),
            ("retryIn", LogLine.quote("\(tenths / 10).\(tenths % 10)s")),
            ("tokenValid", "\(entries[index].schedule.isTokenValid(at: now))"),
        ]
        if let seconds = error.retryAfter { members.append(("retryAfterSeconds", "\(seconds)")) }
        LogLine.write(.warning(error.code), "token not refreshed", members.map { (name: $0.0, value: $0.1) })
    }

    /// Reads the gateway's CA bundle and stores it. A failure is logged; the next round tries again.
    private mutating func updateBundle(over connection: inout GatewayConnection) {
        guard options.caCache != nil else { return }
        do throws(SidecarError) {
            if try bundle.update(over: &connection) { LogLine.write(.info, "CA bundle updated") }
        } catch {
            LogLine.write(
                .warning(error.code), "CA bundle not updated", [("error", LogLine.quote(error.reason))])
        }
    }
}
