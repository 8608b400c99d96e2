import GatewayTestSupport
import NIOCore
import NIOEmbedded
import NIOSSL
import SwiftASN1
import Testing
import X509

/// A TLS handshake between two in-memory channels.
enum MemoryHandshake {
    /// Returns the serving certificate that a client with the CA bundle `trust` receives.
    ///
    /// - Parameters:
    ///   - name: the SNI and verified name; nil for the address.
    /// - Throws: the error of either side.
    static func servingCertificate(
        of server: TLSConfiguration, trusting trust: String, as name: String?, address: String = "127.0.0.1"
    ) throws -> Certificate {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(trust.utf8)))
        let clientHandler = try NIOSSLClientHandler(
            context: try NIOSSLContext(configuration: configuration), serverHostname: name)
        let client = EmbeddedChannel(handler: clientHandler)
        let serving = EmbeddedChannel(handler: NIOSSLServerHandler(context: try NIOSSLContext(configuration: server)))
        defer {
            for channel in [client, serving] {
                channel.close(promise: nil)
                // The close_notify of the other side is not awaited.
                channel.embeddedEventLoop.advanceTime(by: .seconds(60))
            }
        }
        let remote = try SocketAddress(ipAddress: address, port: 443)
        serving.connect(to: remote, promise: nil)
        client.connect(to: remote, promise: nil)
        var isMoving = true
        while isMoving {
            isMoving = false
            client.embeddedEventLoop.run()
            serving.embeddedEventLoop.run()
            while let bytes = try client.readOutbound(as: ByteBuffer.self) {
                isMoving = true
                try serving.writeInbound(bytes)
            }
            while let bytes = try serving.readOutbound(as: ByteBuffer.self) {
                isMoving = true
                try client.writeInbound(bytes)
            }
        }
        try client.throwIfErrorCaught()
        try serving.throwIfErrorCaught()
        let peer = try #require(clientHandler.peerCertificate, "the handshake did not end")
        return try Certificate(derEncoded: try peer.toDERBytes())
    }

    static func dnsNames(_ certificate: Certificate) -> [String] {
        guard let names = try? certificate.extensions.subjectAlternativeNames else { return [] }
        return names.compactMap { name in
            if case .dnsName(let name) = name { name } else { nil }
        }
    }
}
