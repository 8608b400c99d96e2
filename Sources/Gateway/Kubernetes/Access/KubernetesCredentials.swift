public import FoundationEssentials
import LocalFiles
public import Logging
import NIOSSL
import Synchronization

/// The token, client certificate and trusted authorities of a connection. They are read again from their files while
/// the program runs: the kubelet renews a ServiceAccount's token about hourly, and an authority or a client certificate
/// may be replaced.
///
/// If a file cannot be read or used, this is logged once and the last valid content stays in use. Open connections stay
/// open; new authorities apply to connections that are opened later.
public final class KubernetesCredentials: Sendable {
    struct Current: Sendable {
        let token: String?
        let tls: TLSConfiguration
    }

    /// Seconds between two readings of the files.
    public static let interval = 5.0
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
        var current: Current
        var read: Date
        /// The last logged failure.
        var failure: KubernetesConnectionError?
    }

    private let access: ClusterAccess
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads all files.
    ///
    /// - Throws: all files and contents that cannot be read or used.
    public init(_ access: ClusterAccess, at now: Date, logger: Logger) throws(KubernetesConnectionError) {
        self.access = access
        self.logger = logger
        let contents = try Self.read(access)
        state = Mutex(State(contents: contents, current: try Self.current(contents), read: now))
    }

    /// Returns the credentials to use now. Reads the files again if that was ``interval`` ago or longer, or if the
    /// clock was set back.
    func current(at now: Date) -> Current {
        state.withLock { state in
            if abs(now.timeIntervalSince(state.read)) >= Self.interval { refresh(&state, at: now) }
            return state.current
        }
    }

    /// Reads the files immediately, because the API server did not accept the credentials.
    ///
    /// - Returns: whether there are files, so that another attempt may succeed.
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
                state.current = try Self.current(contents)
                state.contents = contents
            }
            state.failure = nil
        } catch {
            guard state.failure != error else { return }
            state.failure = error
            logger.warning("credentials not reloaded", metadata: ["reason": "\(error)"])
        }
    }

    private static func read(_ access: ClusterAccess) throws(KubernetesConnectionError) -> Contents {
        var problems: [String] = []
        func bytes(_ material: ClusterAccess.Material?) -> [UInt8]? {
            switch material {
            case nil: return nil
            case .bytes(let bytes): return bytes
            case .file(let path):
                guard let contents = try? LocalFile.read(path, atMost: maximumSize) else {
                    problems.append("\(path): cannot be read; expected a readable file of at most 1 MiB")
                    return nil
                }
                return contents
            }
        }
        let contents = Contents(
            authority: bytes(access.authority), token: bytes(access.token),
            chain: bytes(access.clientCertificate?.chain),
            key: bytes(access.clientCertificate?.key))
        guard problems.isEmpty else { throw KubernetesConnectionError(problems: problems) }
        return contents
    }

    private static func current(_ contents: Contents) throws(KubernetesConnectionError) -> Current {
        var problems: [String] = []
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authority = contents.authority {
            if let certificates = try? NIOSSLCertificate.fromPEMBytes(authority), !certificates.isEmpty {
                tls.trustRoots = .certificates(certificates)
            } else {
                problems.append("certificate authority: no certificate in PEM; write the API server's authority")
            }
        }
        if let chain = contents.chain, let key = contents.key {
            if let certificates = try? NIOSSLCertificate.fromPEMBytes(chain), !certificates.isEmpty,
                let privateKey = try? NIOSSLPrivateKey(bytes: key, format: .pem)
            {
                tls.certificateChain = certificates.map { .certificate($0) }
                tls.privateKey = .privateKey(privateKey)
            } else {
                problems.append(
                    "client certificate: invalid certificate or key; expected PEM, the key without a password")
            }
        }
        // The TLS library accepts a client key only with its own certificate.
        if problems.isEmpty, (try? NIOSSLContext(configuration: tls)) == nil {
            problems.append(
                "client certificate: certificate and key do not belong together; write a pair for client "
                    + "authentication"
            )
        }
        let token = contents.token.map { (String(validating: $0, as: UTF8.self) ?? "").filter { !$0.isWhitespace } }
        if let token, token.isEmpty || !token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            problems.append("token: empty, or not ASCII without spaces; write only the token")
        }
        guard problems.isEmpty else { throw KubernetesConnectionError(problems: problems) }
        return Current(token: token, tls: tls)
    }
}
