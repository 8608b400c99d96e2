import COpenSSL
import Glibc

/// A connection to the gateway over TLS 1.2 or later: its certificate chains to a trusted one, is in force, and names
/// the host (RFC 9110 §4.3.4). Every wait ends at a deadline or by a signal.
final class TLSConnection {
    private let socket: Int32
    private let ssl: OpaquePointer
    private let context: OpaquePointer
    private let waiting: Waiting

    /// Connects to the first of the host's addresses that answers; the addresses share the time.
    init(
        to server: ServerAddress, trust: TrustedCertificates, waiting: Waiting, deadline: Double
    ) throws(SidecarError) {
        let addresses = try NameLookup.addresses(of: server, waiting)
        let socket = try Self.connect(addresses, server, waiting, deadline)
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            close(socket)
            throw SidecarError("OpenSSL has no memory")
        }
        guard let ssl = SSL_new(context) else {
            SSL_CTX_free(context)
            close(socket)
            throw SidecarError("OpenSSL has no memory")
        }
        (self.socket, self.context, self.waiting) = (socket, context, waiting)
        self.ssl = ssl
        // From here on deinit frees all of it.
        try trust.load(into: context)
        try handshake(server, deadline)
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
        close(socket)
    }

    private func handshake(_ server: ServerAddress, _ deadline: Double) throws(SidecarError) {
        let parameters = SSL_get0_param(ssl)
        sidecar_set_connection(ssl)
        let isNamed =
            server.isAddress
            ? X509_VERIFY_PARAM_set1_ip_asc(parameters, server.host) == 1
            : SSL_set1_host(ssl, server.host) == 1 && sidecar_set_server_name(ssl, server.host) == 1
        guard isNamed, SSL_set_fd(ssl, socket) == 1 else {
            throw SidecarError("TLS cannot ask for \"\(server.host)\"")
        }
        while true {
            ERR_clear_error()
            errno = 0
            let status = SSL_connect(ssl)
            if status == 1 { return }
            let verified = SSL_get_verify_result(ssl)
            guard verified == X509_V_OK else { throw Self.refused(verified, server) }
            try waitForMore(status, deadline, "the TLS handshake failed")
        }
    }

    /// Sends all of the bytes.
    func send(_ bytes: [UInt8], deadline: Double) throws(SidecarError) {
        var sent = 0
        while sent < bytes.count {
            ERR_clear_error()
            errno = 0
            let count = bytes.withUnsafeBytes { buffer in
                SSL_write(ssl, buffer.baseAddress.map { $0 + sent }, Int32(bytes.count - sent))
            }
            if count > 0 {
                sent += Int(count)
            } else {
                try waitForMore(count, deadline, "the connection broke", isStale: true)
            }
        }
    }

    /// - Returns: how many bytes came in; 0 at the end of the connection.
    func receive(into buffer: inout [UInt8], deadline: Double) throws(SidecarError) -> Int {
        while true {
            ERR_clear_error()
            errno = 0
            let count = buffer.withUnsafeMutableBytes { SSL_read(ssl, $0.baseAddress, Int32($0.count)) }
            if count > 0 { return Int(count) }
            if SSL_get_error(ssl, count) == SSL_ERROR_ZERO_RETURN { return 0 }
            try waitForMore(count, deadline, "the connection broke", isStale: true)
        }
    }

    private func waitForMore(
        _ status: Int32, _ deadline: Double, _ what: String, isStale: Bool = false
    ) throws(SidecarError) {
        let code = errno
        switch SSL_get_error(ssl, status) {
        case SSL_ERROR_WANT_READ: try waiting.ready(socket, events: Int16(POLLIN), until: deadline)
        case SSL_ERROR_WANT_WRITE: try waiting.ready(socket, events: Int16(POLLOUT), until: deadline)
        default:
            // The reason's own text would bring OpenSSL's tables of strings into memory.
            let detail = code == 0 ? "it was closed, or is not TLS" : String(cString: strerror(code))
            throw SidecarError("\(what): \(detail)", isStaleConnection: isStale)
        }
    }

    private static func refused(_ result: Int, _ server: ServerAddress) -> SidecarError {
        let why = String(cString: X509_verify_cert_error_string(result))
        let hint =
            switch Int32(truncatingIfNeeded: result) {
            case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
                "it is for another name than \"\(server.host)\""
            case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID:
                "renew it, or set this machine's clock"
            default: "trust what it chains to with --ca-file"
            }
        return SidecarError("the gateway's certificate is refused: \(why); \(hint)")
    }

    private static func connect(
        _ addresses: [NameLookup.Address], _ server: ServerAddress, _ waiting: Waiting, _ deadline: Double
    ) throws(SidecarError) -> Int32 {
        var failure = SidecarError("\"\(server.host)\" has no address")
        for (index, address) in addresses.enumerated() {
            let now = Clock.boot()
            let share = now + (deadline - now) / Double(addresses.count - index)
            let socket = Glibc.socket(
                address.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard socket >= 0 else {
                failure = .system("no socket")
                continue
            }
            do {
                try connect(socket, address, server, waiting, share)
                return socket
            } catch {
                close(socket)
                failure = error
            }
        }
        throw failure
    }

    private static func connect(
        _ socket: Int32, _ address: NameLookup.Address, _ server: ServerAddress, _ waiting: Waiting, _ deadline: Double
    ) throws(SidecarError) {
        let what = "\(server.authority) is not reached"
        let status = address.bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                Glibc.connect(socket, $0.baseAddress, socklen_t(address.bytes.count))
            }
        }
        guard status != 0 else { return }
        guard errno == EINPROGRESS else { throw .system(what) }
        do {
            try waiting.ready(socket, events: Int16(POLLOUT), until: deadline)
        } catch {
            throw SidecarError("\(what): \(error.reason)")
        }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else { throw .system(what, code) }
    }
}
