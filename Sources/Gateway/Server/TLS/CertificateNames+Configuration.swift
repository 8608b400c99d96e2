import GatewayCore
import KubernetesAPI
import NIOCore

extension CertificateNames {
    /// The subject alternative names of the gateway's serving certificate: its Services, `tls.names`, the host of
    /// `injection.gatewayURL`, and, with a key directory, localhost.
    ///
    /// - Parameter namespace: the gateway's namespace; nil where it is not known.
    init(_ configuration: GatewayConfiguration, namespace: String?) {
        var dns = configuration.certificateNames
        var addresses: [[UInt8]] = []
        let host = configuration.injection.gatewayURL.flatMap(Self.host(ofURL:))
        if let namespace {
            let services = [
                .gateway(in: namespace), ServiceName(configuration.injection.webhook.service, in: namespace),
                host.flatMap(ServiceName.init(host:)),
            ]
            for case let service? in services where service.namespace == namespace { dns += service.hosts }
        }
        if let host {
            if let address = Self.address(host) { addresses.append(address) } else { dns.append(host) }
        }
        if case .directory = configuration.keyStore {
            dns.append("localhost")
            addresses += ["127.0.0.1", "::1"].compactMap(Self.address)
        }
        self.init(dns: dns, addresses: addresses)
    }

    /// Returns the bytes of an IPv4 or IPv6 address; nil for a host name.
    private static func address(_ text: String) -> [UInt8]? {
        guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        // The offsets of the address in sockaddr_in and sockaddr_in6 are the same on every system.
        let (offset, length) = address.protocol == .inet ? (4, 4) : (8, 16)
        return address.withSockAddr { pointer, size in
            let bytes = UnsafeRawBufferPointer(start: pointer, count: size)
            guard size >= offset + length else { return nil }
            return Array(bytes[offset..<offset + length])
        }
    }
}

extension ServingPolicy {
    /// - Parameter namespace: the gateway's namespace; nil where it is not known.
    init(_ configuration: GatewayConfiguration, namespace: String?) {
        self.init(
            names: CertificateNames(configuration, namespace: namespace),
            timeToLive: configuration.endpoints.map(\.token.timeToLive).max() ?? 0,
            leastOverlap: configuration.authorityOverlap)
        podSelectors = UninjectedPodSearch(
            configuration.endpoints, prefix: configuration.injection.prefix, namespace: namespace
        ).queries.map(\.selector)
    }
}
