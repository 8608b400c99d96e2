import FoundationEssentials
import GatewayCore
import Logging
import NIOSSL
import Synchronization

/// What a connection to the API server shows and trusts, read again from its files while the gateway runs: the kubelet
/// renews a ServiceAccount's token about hourly, and an authority or a client certificate may be replaced.
///
/// A file that cannot be read or used is told once in the log, and what was last good stays in use. Connections that
/// are open stay open; new trust holds for those opened after.
final class KubernetesCredentials: Sendable {
    struct Shown: Sendable {
        let token: String?
        let tls: TLSConfiguration
    }

    /// Seconds between two readings of the files.
    static let interval = 5.0
    /// Largest file that is read, in bytes.
    private static let maximumSize = 1 << 20

    private struct Contents: Equatable {
        var authority: [UInt8]?
        var token: [UInt8]?
        var chain: [UInt8]?
        var key: [UInt8]?
    }

    private struct State {
        var contents: Contents
        var shown: Shown
        var read: Date
        /// What the log was told last.
        var failure: KubernetesConnectionError?
    }

    private let access: ClusterAccess
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads everything once.
    ///
    /// - Throws: every file or datum that cannot be read or used.
    init(_ access: ClusterAccess, at now: Date, logger: Logger) throws(KubernetesConnectionError) {
        self.access = access
        self.logger = logger
        let contents = try Self.read(access)
        state = Mutex(State(contents: contents, shown: try Self.shown(contents), read: now))
    }

    /// What to show now; the files are read again where that is ``interval`` ago, or the clock was set back.
    func current(at now: Date) -> Shown {
        state.withLock { state in
            if abs(now.timeIntervalSince(state.read)) >= Self.interval { refresh(&state, at: now) }
            return state.shown
        }
    }

    /// Reads the files at once, since the API server did not know us.
    ///
    /// - Returns: whether there is a file at all, so that another try may end otherwise.
    func renew(at now: Date) -> Bool {
        let materials = [access.token, access.clientCertificate?.chain, access.clientCertificate?.key]
        let hasFile = materials.contains { if case .file = $0 { true } else { false } }
        if hasFile { state.withLock { refresh(&$0, at: now) } }
        return hasFile
    }

    private func refresh(_ state: inout State, at now: Date) {
        state.read = now
        do {
            let contents = try Self.read(access)
            if contents != state.contents {
                state.shown = try Self.shown(contents)
                state.contents = contents
            }
            state.failure = nil
        } catch {
            guard state.failure != error else { return }
            state.failure = error
            logger.warning("credentials for the API server cannot be read again", metadata: ["reason": "\(error)"])
        }
    }

    private static func read(_ access: ClusterAccess) throws(KubernetesConnectionError) -> Contents {
        var problems: [String] = []
        func bytes(_ material: ClusterAccess.Material?) -> [UInt8]? {
            switch material {
            case nil: return nil
            case .bytes(let bytes): return bytes
            case .file(let path):
                guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
                    let size = attributes[.size] as? Int, size <= maximumSize,
                    let contents = FileManager.default.contents(atPath: path)
                else {
                    problems.append("\(path): cannot be read; make it a readable file of at most 1 MiB")
                    return nil
                }
                return Array(contents)
            }
        }
        let contents = Contents(
            authority: bytes(access.authority), token: bytes(access.token),
            chain: bytes(access.clientCertificate?.chain),
            key: bytes(access.clientCertificate?.key))
        guard problems.isEmpty else { throw KubernetesConnectionError(problems: problems) }
        return contents
    }

    private static func shown(_ contents: Contents) throws(KubernetesConnectionError) -> Shown {
        var problems: [String] = []
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authority = contents.authority {
            if let certificates = try? NIOSSLCertificate.fromPEMBytes(authority), !certificates.isEmpty {
                tls.trustRoots = .certificates(certificates)
            } else {
                problems.append("the certificate authority holds no certificate in PEM; write the API server's")
            }
        }
        if let chain = contents.chain, let key = contents.key {
            if let certificates = try? NIOSSLCertificate.fromPEMBytes(chain), !certificates.isEmpty,
                let privateKey = try? NIOSSLPrivateKey(bytes: key, format: .pem)
            {
                tls.certificateChain = certificates.map { .certificate($0) }
                tls.privateKey = .privateKey(privateKey)
            } else {
                problems.append("the client certificate and its key are not PEM without a password; write them so")
            }
        }
        // The TLS library takes a client key only with the certificate that it is of.
        if problems.isEmpty, (try? NIOSSLContext(configuration: tls)) == nil {
            problems.append(
                "the client certificate and its key cannot be used together; write a pair for client authentication"
            )
        }
        let token = contents.token.map { (String(validating: $0, as: UTF8.self) ?? "").filter { !$0.isWhitespace } }
        if let token, token.isEmpty || !token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            problems.append("the gateway's own token is empty or not one word of ASCII; write the token alone")
        }
        guard problems.isEmpty else { throw KubernetesConnectionError(problems: problems) }
        return Shown(token: token, tls: tls)
    }
}
