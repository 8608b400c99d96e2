import FoundationEssentials
import GatewayCore
import LocalFiles
import Logging
import ServiceLifecycle
import Synchronization

/// The certificates of `tls.certificates`, read again when their files change, such as a mounted Secret that
/// cert-manager renews. What cannot be read, or does not fit, leaves the last good pair in force and is tried again.
final class ConfiguredCertificates: Service {
    /// One pair as it was read.
    struct Pair: Sendable {
        let certificate: ServingCertificate
        /// PEM of the authority that clients are to trust; nil where none is named.
        let authority: String?
    }

    /// What tells whether the files were written since they were read; symbolic links are followed.
    private struct Signatures: Equatable {
        let certificate: FileSignature?
        let key: FileSignature?
        let authority: FileSignature?
    }

    private struct State {
        var pairs: [Pair]
        var read: [Signatures]
        /// What the log was told last of each; nil where all is well.
        var told: [String?]
    }

    private let files: [GatewayConfiguration.CertificateFiles]
    private let resolve: @Sendable (String) -> String
    private let state: Mutex<State>
    private let signal = ChangeSignal()
    private let scheduler: Scheduler
    private let logger: Logger

    /// Seconds between two looks at the files.
    static let interval = 5.0
    /// A chain, a key or a bundle in bytes.
    private static let maximumLength = 1 << 20

    /// Reads all of them.
    ///
    /// - Throws: everything that is wrong with any.
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
        state = Mutex(State(pairs: pairs, read: signatures, told: files.map { _ in nil }))
    }

    /// In the configuration's order.
    var pairs: [Pair] { state.withLock { $0.pairs } }

    /// An element for each change from now on.
    func changes() -> AsyncStream<Void> { signal.changes() }

    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await self.scheduler.sleep(Self.interval)
                if !Task.isCancelled { self.look() }
            }
        }
    }

    /// Reads those again whose files have changed, or could not be read the last time.
    func look() {
        var isChanged = false
        for index in files.indices {
            // Before the reading: what is written meanwhile is seen by the next look.
            let signatures = Self.signatures(files[index], resolve)
            let (read, told) = state.withLock { ($0.read[index], $0.told[index]) }
            guard signatures != read || told != nil else { continue }
            var logger = logger
            logger[metadataKey: "certificate"] = "\(files[index].certificate)"
            do throws(ServingProblems) {
                let pair = try Self.read(files[index], at: index, resolve)
                state.withLock { state in
                    state.pairs[index] = pair
                    state.read[index] = signatures
                    state.told[index] = nil
                }
                isChanged = true
                logger.notice(
                    "certificate replaced",
                    metadata: ["until": "\(pair.certificate.notAfter.formatted(.iso8601))"])
            } catch {
                let reason = error.problems.map { "\($0.keyPath): \($0.message)" }.joined(separator: "; ")
                if told != reason {
                    logger.error(
                        "the certificate's files have changed and cannot be used; the last good ones are served",
                        metadata: ["reason": "\(reason)"])
                }
                state.withLock { $0.told[index] = reason }
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
                        .error, at: "\(key).\(member)", "\"\(path)\" cannot be read; name a readable file"))
            }
            guard let bytes else { return nil }
            let text = String(validating: bytes, as: UTF8.self)
            if text == nil {
                problems.append(
                    ConfigurationProblem(.error, at: "\(key).\(member)", "\"\(path)\" is not UTF-8; name a PEM file"))
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
                    ConfigurationProblem(.error, at: "\(key).ca", "\"\(file)\" holds no certificate in PEM"))
            }
        }
        guard problems.isEmpty, let chain, let privateKey else { throw ServingProblems(problems: problems) }
        do {
            return Pair(
                certificate: try ServingCertificate(chainPEM: chain, keyPEM: privateKey), authority: authority)
        } catch {
            throw ServingProblems(problems: [ConfigurationProblem(.error, at: key, "\(error)")])
        }
    }
}

/// Why the configured certificates cannot be served, all at once.
struct ServingProblems: Error {
    let problems: [ConfigurationProblem]
}
