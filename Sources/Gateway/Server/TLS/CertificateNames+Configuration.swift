import GatewayCore
import KubernetesAPI
import NIOCore

extension CertificateNames {
    /// What the gateway's own certificate is for: its Services, `tls.names`, the host of `injection.gatewayURL`, and
    /// the machine's own names beside a key directory.
    ///
    /// - Parameter namespace: the gateway's own; nil where it is not known.
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

    /// An IPv4 or IPv6 address in text as its bytes; nil for a name.
    private static func address(_ text: String) -> [UInt8]? {
        guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        // Of sockaddr_in and sockaddr_in6, whose addresses lie there on every system.
        let (offset, length) = address.protocol == .inet ? (4, 4) : (8, 16)
        return address.withSockAddr { pointer, size in
            let bytes = UnsafeRawBufferPointer(start: pointer, count: size)
            guard size >= offset + length else { return nil }
            return Array(bytes[offset..<offset + length])
        }
    }
}

extension ServingPolicy {
    /// - Parameter namespace: the gateway's own; nil where it is not known.
    init(_ configuration: GatewayConfiguration, namespace: String?) {
        self.init(
            names: CertificateNames(configuration, namespace: namespace),
            timeToLive: configuration.endpoints.map(\.token.timeToLive).max() ?? 0,
            leastOverlap: configuration.authorityOverlap)
    }
}
