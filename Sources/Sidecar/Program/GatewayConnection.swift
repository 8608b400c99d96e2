import Glibc

/// Requests to the gateway in one round, over one connection that is kept as long as it goes.
struct GatewayConnection: ~Copyable {
    let server: ServerAddress
    let trust: TrustedCertificates
    let waiting: Waiting
    /// Seconds for one request and its answer, connecting included.
    let timeout: Double
    private var kept: TLSConnection?

    init(server: ServerAddress, trust: TrustedCertificates, waiting: Waiting, timeout: Double) {
        self.server = server
        self.trust = trust
        self.waiting = waiting
        self.timeout = timeout
    }

    /// Sends a request and reads its answer. Where a kept connection turns out to have been closed, it is sent once more
    /// on a new one.
    mutating func answer(to request: [UInt8], maximumBodyBytes: Int) throws(SidecarError) -> HTTPAnswer {
        let deadline = Clock.boot() + timeout
        if let connection = kept {
            kept = nil
            do {
                return try ask(connection, request, maximumBodyBytes, deadline)
            } catch  where error.isStaleConnection {}
        }
        let connection = try TLSConnection(to: server, trust: trust, waiting: waiting, deadline: deadline)
        return try ask(connection, request, maximumBodyBytes, deadline)
    }

    private mutating func ask(
        _ connection: TLSConnection, _ request: [UInt8], _ maximumBodyBytes: Int, _ deadline: Double
    ) throws(SidecarError) -> HTTPAnswer {
        try connection.send(request, deadline: deadline)
        var reader = HTTPAnswerReader(maximumBodyBytes: maximumBodyBytes)
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let count: Int
            do {
                count = try connection.receive(into: &buffer, deadline: deadline)
            } catch {
                guard error.isStaleConnection, !reader.isUntouched else { throw error }
                throw SidecarError("the answer is cut off")
            }
            guard count > 0 else { return try reader.finish() }
            if let answer = try reader.feed(buffer[..<count]) {
                kept = answer.keepsConnection ? connection : nil
                return answer
            }
        }
    }
}
