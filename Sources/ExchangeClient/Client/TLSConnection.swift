import COpenSSL
import Glibc

/// A connection to the gateway over TLS 1.2 or later. The certificate must chain to a trusted one, be valid now and name
/// the host (RFC 9110 §4.3.4). Every wait ends at a deadline or with a signal.
package final class TLSConnection {
    private let socket: Int32
    private let ssl: OpaquePointer
    private let context: OpaquePointer
    private let poller: any SocketWaiting

    /// Connects to the first address of the host that accepts a connection. The addresses share the time.
    package init(
        to server: ServerAddress, trust: TrustedCertificates, poller: any SocketWaiting, deadline: Double
    ) throws(SidecarError) {
        let addresses = try HostResolver.addresses(of: server, poller)
        let socket = try Self.connect(addresses, server, poller, deadline)
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            close(socket)
            throw SidecarError(.system, "OpenSSL cannot allocate memory")
        }
        guard let ssl = SSL_new(context) else {
            SSL_CTX_free(context)
            close(socket)
            throw SidecarError(.system, "OpenSSL cannot allocate memory")
        }
        (self.socket, self.context, self.poller) = (socket, context, poller)
        self.ssl = ssl
        // From here on deinit frees all resources.
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
            throw SidecarError(.certificate, "invalid host name for TLS: \"\(server.host)\"")
        }
        while true {
            ERR_clear_error()
            errno = 0
            let status = SSL_connect(ssl)
            if status == 1 { return }
            let verified = SSL_get_verify_result(ssl)
            guard verified == X509_V_OK else { throw Self.invalidCertificate(verified, server) }
            try waitForMore(status, deadline, "TLS handshake failed")
        }
    }

    /// Sends all of the bytes.
    package func send(_ bytes: [UInt8], deadline: Double) throws(SidecarError) {
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

    /// - Returns: the number of received bytes; 0 at the end of the connection.
    package func receive(into buffer: inout [UInt8], deadline: Double) throws(SidecarError) -> Int {
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
        case SSL_ERROR_WANT_READ: try poller.wait(for: socket, events: Int16(POLLIN), until: deadline)
        case SSL_ERROR_WANT_WRITE: try poller.wait(for: socket, events: Int16(POLLOUT), until: deadline)
        default:
            // OpenSSL's own error text would load its tables of strings into memory.
            let detail = code == 0 ? "connection closed, or not TLS" : String(cString: strerror(code))
            throw SidecarError(.connection, "\(what): \(detail)", isStaleConnection: isStale)
        }
    }

    private static func invalidCertificate(_ result: Int, _ server: ServerAddress) -> SidecarError {
        let reason = String(cString: X509_verify_cert_error_string(result))
        let hint =
            switch Int32(truncatingIfNeeded: result) {
            case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
                "it is not valid for \"\(server.host)\""
            case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID:
                "renew it, or correct the clock of this machine"
            default: "add its CA to --ca-file"
            }
        return SidecarError(.certificate, "invalid certificate of the gateway: \(reason); \(hint)")
    }

    private static func connect(
        _ addresses: [HostResolver.Address], _ server: ServerAddress, _ poller: any SocketWaiting, _ deadline: Double
    ) throws(SidecarError) -> Int32 {
        var failure = SidecarError(.resolution, "no address for \"\(server.host)\"")
        for (index, address) in addresses.enumerated() {
            let now = Clock.boot()
            let share = now + (deadline - now) / Double(addresses.count - index)
            let socket = Glibc.socket(
                address.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard socket >= 0 else {
                failure = .system(.system, "cannot create a socket")
                continue
            }
            do {
                try connect(socket, address, server, poller, share)
                return socket
            } catch {
                close(socket)
                failure = error
            }
        }
        throw failure
    }

    private static func connect(
        _ socket: Int32, _ address: HostResolver.Address, _ server: ServerAddress, _ poller: any SocketWaiting,
        _ deadline: Double
    ) throws(SidecarError) {
        let what = "cannot connect to \(server.authority)"
        let status = address.bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                Glibc.connect(socket, $0.baseAddress, socklen_t(address.bytes.count))
            }
        }
        guard status != 0 else { return }
        guard errno == EINPROGRESS else { throw .system(.connection, what) }
        do {
            try poller.wait(for: socket, events: Int16(POLLOUT), until: deadline)
        } catch {
            throw SidecarError(error.code, "\(what): \(error.reason)")
        }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else { throw .system(.connection, what, code) }
    }
}
