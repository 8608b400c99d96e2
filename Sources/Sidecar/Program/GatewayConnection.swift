import Glibc

/// Sends the requests of one round to the gateway, over one connection if possible.
struct GatewayConnection: ~Copyable {
    let server: ServerAddress
    let trust: TrustedCertificates
    let poller: Poller
    /// Seconds for one request and its response, including the connection setup.
    let timeout: Double
    /// The open connection between two requests.
    private var idle: TLSConnection?

    init(server: ServerAddress, trust: TrustedCertificates, poller: Poller, timeout: Double) {
        self.server = server
        self.trust = trust
        self.poller = poller
        self.timeout = timeout
    }

    /// Sends a request and reads its response. If the idle connection was closed by the gateway, the request is sent once
    /// more over a new one.
    mutating func response(to request: [UInt8], maximumBodyBytes: Int) throws(SidecarError) -> HTTPResponse {
        let deadline = Clock.boot() + timeout
        if let connection = idle {
            idle = nil
            do {
                return try exchange(connection, request, maximumBodyBytes, deadline)
            } catch  where error.isStaleConnection {}
        }
        let connection = try TLSConnection(to: server, trust: trust, poller: poller, deadline: deadline)
        return try exchange(connection, request, maximumBodyBytes, deadline)
    }

    private mutating func exchange(
        _ connection: TLSConnection, _ request: [UInt8], _ maximumBodyBytes: Int, _ deadline: Double
    ) throws(SidecarError) -> HTTPResponse {
        try connection.send(request, deadline: deadline)
        var reader = HTTPResponseReader(maximumBodyBytes: maximumBodyBytes)
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let count: Int
            do {
                count = try connection.receive(into: &buffer, deadline: deadline)
            } catch {
                guard error.isStaleConnection, !reader.isEmpty else { throw error }
                throw SidecarError("the response is truncated")
            }
            guard count > 0 else { return try reader.finish() }
            if let response = try reader.feed(buffer[..<count]) {
                idle = response.isReusable ? connection : nil
                return response
            }
        }
    }
}
