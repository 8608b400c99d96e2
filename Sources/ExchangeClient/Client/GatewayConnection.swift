import Glibc

/// Sends the requests of one round to the gateway, over one connection if possible.
package struct GatewayConnection: ~Copyable {
    package let server: ServerAddress
    package let trust: TrustedCertificates
    package let poller: any SocketWaiting
    /// The name of the program, which the gateway logs.
    package let userAgent: String
    /// Seconds for one request and its response, including the connection setup.
    package let timeout: Double
    /// The open connection between two requests.
    private var idle: TLSConnection?

    package init(
        server: ServerAddress, trust: TrustedCertificates, poller: any SocketWaiting, userAgent: String, timeout: Double
    ) {
        self.server = server
        self.trust = trust
        self.poller = poller
        self.userAgent = userAgent
        self.timeout = timeout
    }

    /// Sends a request and reads its response. If the idle connection was closed by the gateway, the request is sent once
    /// more over a new one.
    package mutating func response(to request: [UInt8], maximumBodyBytes: Int) throws(SidecarError) -> HTTPResponse {
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

    /// Exchanges a subject token for a token of the endpoint with this path.
    ///
    /// - Parameter requestedLifetime: in seconds; nil for the endpoint's. The OpenUnison-compatible format has none.
    /// - Returns: the token, and its remaining lifetime in seconds.
    package mutating func token(
        _ wire: TokenRequest.Wire, path: String, for subject: SubjectToken, requestedLifetime: Int? = nil
    ) throws(SidecarError) -> (token: IssuedToken, lifetime: Double) {
        let response = try response(
            to: TokenRequest.encode(
                wire, server, path: path, subject, requestedLifetime: requestedLifetime, userAgent: userAgent),
            maximumBodyBytes: TokenRequest.maximumResponseBytes)
        return try TokenRequest.decode(response, wire, at: Clock.wall())
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
                throw SidecarError(.malformedResponse, "the response is truncated")
            }
            guard count > 0 else { return try reader.finish() }
            if let response = try reader.feed(buffer[..<count]) {
                idle = response.isReusable ? connection : nil
                return response
            }
        }
    }
}
