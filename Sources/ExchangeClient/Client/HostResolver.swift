import Glibc

/// Resolves a host name with the C library: `/etc/hosts`, and DNS with the search domains of `/etc/resolv.conf`.
package enum HostResolver {
    /// An address to connect to.
    package struct Address {
        package let family: Int32
        /// The `sockaddr` of that family.
        package let bytes: [UInt8]
    }

    /// Limits each DNS query to two seconds and two attempts for each name server.
    package static func limitTime() { setenv("RES_OPTIONS", "timeout:2 attempts:2", 1) }

    /// - Throws: if the name cannot be resolved.
    package static func addresses(of server: ServerAddress, _ poller: any SocketWaiting) throws(SidecarError)
        -> [Address]
    {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (server.isAddress ? AI_NUMERICHOST : 0)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = poller.withSignalsUnblocked { getaddrinfo(server.host, String(server.port), &hints, &found) }
        guard status == 0 else {
            throw SidecarError(
                .resolution, "cannot resolve \"\(server.host)\": \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(found) }
        var addresses: [Address] = []
        var entry = found
        while let info = entry?.pointee, addresses.count < 8 {
            if let address = info.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen))
                addresses.append(Address(family: info.ai_family, bytes: Array(bytes)))
            }
            entry = info.ai_next
        }
        return addresses
    }
}
