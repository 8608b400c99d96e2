import COpenSSL
import Glibc

/// Keeps a token file per endpoint fresh.
struct TokenRefresher: ~Copyable {
    private struct Kept {
        let endpoint: Options.Endpoint
        let file: String
        var schedule: RefreshSchedule
        /// Why the last attempt failed; nil where it did not.
        var failure: String?
    }

    private let options: Options
    private let server: ServerAddress
    private let trust: TrustedCertificates
    private let waiting: Waiting
    private var kept: [Kept] = []
    private var termination: TerminationMessage
    /// Of the /ca-bundle that was read last.
    private var bundleTag: String?

    init(_ options: Options, server: ServerAddress, _ waiting: Waiting) {
        self.options = options
        self.server = server
        self.waiting = waiting
        trust = TrustedCertificates(
            file: options.caFile, text: options.caCertificates.map { Array($0.utf8) }, cache: options.caCache)
        termination = TerminationMessage(file: options.terminationLog)
        let now = Clock.boot()
        for endpoint in options.endpoints {
            let file = options.tokenFile(endpoint)
            WholeFile.removeRemains(of: file)
            kept.append(Kept(endpoint: endpoint, file: file, schedule: RefreshSchedule(at: now)))
        }
    }

    /// Fetches tokens for ever.
    mutating func run() {
        while true {
            round()
            waiting.sleep(until: kept.map(\.schedule.due).min() ?? .infinity)
        }
    }

    /// Fetches each token once.
    ///
    /// - Returns: a reason for each endpoint that has none when the time is up.
    mutating func once() -> [String] {
        let end = Clock.boot() + Double(options.deadline)
        while true {
            round(until: end)
            let open = kept.filter { $0.schedule.tokenEnd == nil }
            guard let next = open.map(\.schedule.due).min() else { return [] }
            guard next < end else { return open.map { "\($0.endpoint.name): \($0.failure ?? "no time was left")" } }
            waiting.sleep(until: next)
        }
    }

    /// Fetches every token that is due, and the gateway's CA bundle beside them, over one connection. The memory for it
    /// is given back.
    private mutating func round(until end: Double? = nil) {
        fetchDue(until: end)
        termination.say(
            kept.compactMap { kept in kept.failure.map { "\(kept.endpoint.name): \($0)" } }.joined(separator: "\n"))
        sidecar_release_memory()
    }

    private mutating func fetchDue(until end: Double?) {
        var connection = GatewayConnection(
            server: server, trust: trust, waiting: waiting, timeout: Double(options.timeout))
        var isReached = false
        for index in kept.indices {
            let start = Clock.boot()
            if let end, start >= end || kept[index].schedule.tokenEnd != nil { continue }
            guard kept[index].schedule.isDue(at: start) else { continue }
            do {
                try fetch(index, over: &connection)
                isReached = true
            } catch {
                failed(index, error)
            }
        }
        if isReached { learnBundle(over: &connection) }
    }

    private mutating func fetch(_ index: Int, over connection: inout GatewayConnection) throws(SidecarError) {
        let endpoint = kept[index].endpoint
        let subject = try SubjectToken(file: options.subjectTokenFile)
        let answer = try connection.answer(
            to: TokenCall.request(options.wire, server, path: endpoint.path, subject),
            maximumBodyBytes: TokenCall.maximumAnswerBytes)
        let (token, life) = try TokenCall.read(answer, options.wire, at: Clock.wall())
        let folder = "\(options.tokenDirectory)/\(endpoint.name)"
        if mkdir(folder, 0o755) == 0 {
            // Whatever the umask is: containers of other uids look into it.
            chmod(folder, 0o755)
        } else if errno != EEXIST {
            throw .system("\"\(folder)\" cannot be made")
        }
        try WholeFile.write(token.bytes, to: kept[index].file, mode: options.tokenMode)
        let now = Clock.boot()
        kept[index].schedule.succeeded(at: now, life: life, random: Clock.random())
        kept[index].failure = nil
        LogLine.write(
            .info, "token written",
            [
                ("endpoint", LogLine.quote(endpoint.name)), ("expires", LogLine.quote(Clock.text(token.expires))),
                (
                    "nextRefresh",
                    LogLine.quote(Clock.text(Clock.wall() + kept[index].schedule.due - now))
                ),
            ])
    }

    private mutating func failed(_ index: Int, _ error: SidecarError) {
        let now = Clock.boot()
        kept[index].schedule.failed(at: now, retryAfter: error.retryAfter, random: Clock.random())
        kept[index].failure = error.reason
        let tenths = Int(((kept[index].schedule.due - now) * 10).rounded())
        var members = [
            ("endpoint", LogLine.quote(kept[index].endpoint.name)), ("error", LogLine.quote(error.reason)),
            ("retryIn", LogLine.quote("\(tenths / 10).\(tenths % 10)s")),
            ("tokenValid", "\(kept[index].schedule.isTokenValid(at: now))"),
        ]
        if let seconds = error.retryAfter { members.append(("retryAfterSeconds", "\(seconds)")) }
        LogLine.write(.warning, "token not refreshed", members.map { (name: $0.0, value: $0.1) })
    }

    /// A failure here costs nothing but the knowledge of a CA to come: it is logged, and the next round asks again.
    private mutating func learnBundle(over connection: inout GatewayConnection) {
        guard options.caCache != nil else { return }
        let condition = bundleTag.map { "If-None-Match: \($0)\r\n" } ?? ""
        let request =
            "GET /ca-bundle HTTP/1.1\r\nHost: \(server.authority)\r\nUser-Agent: sts-sidecar\r\n\(condition)\r\n"
        do throws(SidecarError) {
            let answer = try connection.answer(
                to: Array(request.utf8), maximumBodyBytes: TrustedCertificates.maximumBytes)
            if answer.status == 304 || answer.status == 404 { return }
            guard answer.status == 200 else { throw SidecarError("the gateway answered \(answer.status)") }
            if try trust.learn(answer.body) { LogLine.write(.info, "CA bundle learned") }
            let tag = answer["etag"] ?? ""
            bundleTag = tag.hasPrefix("\"") && tag.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? tag : nil
        } catch {
            LogLine.write(.warning, "CA bundle not learned", [("error", LogLine.quote(error.reason))])
        }
    }
}
