import Hummingbird
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL

/// The reference of `make bench`: a Hummingbird route over TLS that reads a form and answers 1 KiB of constants.
///
/// `PlainRoute CERTIFICATE KEY PORT` serves `POST /token` on 127.0.0.1.
@main
enum PlainRoute {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let port = Int(arguments[3]) else { throw Usage() }
        let router = Router()
        let text = String(repeating: "0123456789abcdef", count: 64)
        router.post("token") { request, _ in
            let form = try await request.body.collect(upTo: 1 << 16)
            guard form.readableBytes > 0 else { throw HTTPError(.badRequest) }
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        let tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(arguments[1]).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: arguments[2], format: .pem)))
        var logger = Logger(label: "plain-route")
        logger.logLevel = .warning
        let application = Application(
            router: router, server: try .tls(.http1(), tlsConfiguration: tls),
            configuration: .init(address: .hostname("127.0.0.1", port: port)), logger: logger)
        try await application.runService()
    }

    struct Usage: Error {}
}
