import FoundationEssentials
import GatewayCore
import LocalFiles
import Logging
import ServiceLifecycle
import Synchronization

/// The certificates of `tls.certificates`. Changed files are read again, such as a mounted Secret that cert-manager
/// renews. The last valid pair stays in force while the files are not readable or not valid.
final class ConfiguredCertificates: Service {
    /// A certificate chain with its private key, and the CA for clients.
    struct Pair: Sendable {
        let certificate: ServingCertificate
        /// The CAs that clients must trust, in PEM; nil where none is configured.
        let authority: String?
        /// Those of them that Pods get; nil where none is configured.
        let trust: String?
        /// Why Pods may not start soon; nil where they do.
        let warning: ConfigurationProblem?
    }

    /// The signatures of the files of a pair, which change with each write; symbolic links are followed.
    private struct Signatures: Equatable {
        let certificate: FileSignature?
        let key: FileSignature?
        let authority: FileSignature?
    }

    private struct State {
        var pairs: [Pair]
        var read: [Signatures]
        /// The last logged problem of each pair; nil where there is none.
        var problems: [String?]
    }

    private let files: [GatewayConfiguration.CertificateFiles]
    private let resolve: @Sendable (String) -> String
    private let state: Mutex<State>
    private let signal = ChangeSignal()
    private let scheduler: Scheduler
    private let logger: Logger

    /// Seconds between two checks of the files.
    static let interval = 5.0
    /// The size limit of a file in bytes.
    static let maximumLength = 1 << 20

    /// Reads all pairs.
    ///
    /// - Throws: the problems of all pairs.
    init(
        _ files: [GatewayConfiguration.CertificateFiles], resolve: @escaping @Sendable (String) -> String,
        scheduler: Scheduler, logger: Logger
    ) throws(ServingProblems) {
        self.files = files
        self.resolve = resolve
        self.scheduler = scheduler
        self.logger = logger
        var pairs: [Pair] = []
        var problems: [ConfigurationProblem] = []
        let signatures = files.map { Self.signatures($0, resolve) }
        for (index, pair) in files.enumerated() {
            do throws(ServingProblems) {
                pairs.append(try Self.read(pair, at: index, resolve))
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw ServingProblems(problems: problems) }
        for warning in pairs.compactMap(\.warning) {
            logger.warning(
                "configuration warning",
                metadata: ["code": "\(ErrorCode.configurationWarning)", "problem": "\(warning)"])
        }
        state = Mutex(State(pairs: pairs, read: signatures, problems: files.map { _ in nil }))
    }

    /// The pairs in the order of the configuration.
    var pairs: [Pair] { state.withLock { $0.pairs } }

    /// Yields an element for each later change.
    func changes() -> AsyncStream<Void> { signal.changes() }

    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await self.scheduler.sleep(Self.interval)
                if !Task.isCancelled { self.reload() }
            }
        }
    }

    /// Reads the pairs again whose files have changed, or which were not valid the last time.
    func reload() {
        var isChanged = false
        for index in files.indices {
            // Before the files are read: a write in the meantime is found by the next check.
            let signatures = Self.signatures(files[index], resolve)
            let (read, problem) = state.withLock { ($0.read[index], $0.problems[index]) }
            guard signatures != read || problem != nil else { continue }
            var logger = logger
            logger[metadataKey: "certificate"] = "\(files[index].certificate)"
            do throws(ServingProblems) {
                let pair = try Self.read(files[index], at: index, resolve)
                state.withLock { state in
                    state.pairs[index] = pair
                    state.read[index] = signatures
                    state.problems[index] = nil
                }
                isChanged = true
                if let warning = pair.warning {
                    logger.warning(
                        "configuration warning",
                        metadata: ["code": "\(ErrorCode.configurationWarning)", "problem": "\(warning)"])
                }
                logger.notice(
                    "certificate reloaded",
                    metadata: ["until": "\(pair.certificate.notAfter.formatted(.iso8601))"])
            } catch {
                let reason = error.problems.map { "\($0.keyPath): \($0.message)" }.joined(separator: "; ")
                if problem != reason {
                    logger.error(
                        "certificate rejected",
                        metadata: ["code": "\(ErrorCode.noServingCertificate)", "reason": "\(reason)"])
                }
                state.withLock { $0.problems[index] = reason }
            }
        }
        if isChanged { signal.send() }
    }

    private static func signatures(
        _ files: GatewayConfiguration.CertificateFiles, _ resolve: (String) -> String
    ) -> Signatures {
        Signatures(
            certificate: FileSignature(of: resolve(files.certificate)), key: FileSignature(of: resolve(files.key)),
            authority: files.authority.flatMap { FileSignature(of: resolve($0)) })
    }

    private static func read(
        _ files: GatewayConfiguration.CertificateFiles, at index: Int, _ resolve: (String) -> String
    ) throws(ServingProblems) -> Pair {
        let key = "tls.certificates[\(index)]"
        var problems: [ConfigurationProblem] = []
        func text(_ path: String, _ member: String) -> String? {
            let bytes = try? LocalFile.read(resolve(path), atMost: maximumLength)
            if bytes == nil {
                problems.append(
                    ConfigurationProblem(
                        .error, at: "\(key).\(member)", "\"\(path)\" is not readable; expected a readable file"))
            }
            guard let bytes else { return nil }
            let text = String(validating: bytes, as: UTF8.self)
            if text == nil {
                problems.append(
                    ConfigurationProblem(
                        .error, at: "\(key).\(member)", "\"\(path)\" is not UTF-8; expected a PEM file"))
            }
            return text
        }
        let chain = text(files.certificate, "certificate")
        let privateKey = text(files.key, "key")
        var authority: String?
        if let file = files.authority {
            authority = text(file, "ca").map { PEMCertificates.joined([$0]) }
            if authority == "" {
                problems.append(
                    ConfigurationProblem(
                        .error, at: "\(key).ca",
                        "\"\(file)\" has no certificate in PEM; expected the CA of the certificate"))
            }
        }
        guard problems.isEmpty, let chain, let privateKey else { throw ServingProblems(problems: problems) }
        let certificate: ServingCertificate
        do {
            certificate = try ServingCertificate(chainPEM: chain, keyPEM: privateKey)
        } catch {
            throw ServingProblems(problems: [ConfigurationProblem(.error, at: key, "\(error)")])
        }
        let trust = authority.map { TrustedCAs.selected(from: $0, for: certificate.chain) }
        let problem = trust.flatMap { TrustedCAs.problem($0, of: files.authority ?? "", at: "\(key).ca") }
        if let problem, problem.severity == .error { throw ServingProblems(problems: [problem]) }
        return Pair(certificate: certificate, authority: authority, trust: trust, warning: problem)
    }
}

/// All problems of the serving certificates at start.
struct ServingProblems: Error {
    let problems: [ConfigurationProblem]
}
