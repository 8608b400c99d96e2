import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JOSE
import LocalFiles
import NIOHTTP1

extension KeySetCache {
    /// Largest key set that is read, in bytes.
    private static let maximumSize = 1 << 20

    /// A JWKS file, read every 10 s, and for an unknown `kid` at most once a second.
    package init(file: String) {
        self.init(maximumAge: 10, minimumInterval: 1) { () throws(TokenReviewFailure) in try Self.read(file: file) }
    }

    /// Returns why the file is not a valid key set; nil where it is.
    static func failure(ofFile file: String) -> TokenReviewFailure? {
        do {
            _ = try read(file: file)
            return nil
        } catch {
            return error
        }
    }

    private static func read(file: String) throws(TokenReviewFailure) -> JSONWebKeySet {
        guard let contents = try? LocalFile.read(file, atMost: maximumSize) else {
            throw TokenReviewFailure(retryAfter: 5, reason: "the key set \(file) is not readable")
        }
        return try parse(contents, from: file)
    }

    /// A JWKS URL, fetched every five minutes, and for an unknown `kid` at most once a minute. Without redirects,
    /// within 5 s, with the system's CAs.
    init(url: String, client: HTTPClient) {
        self.init(maximumAge: 300, minimumInterval: 60) { () throws(TokenReviewFailure) in
            let reply: HTTPExchange.Reply
            do throws(HTTPTransportError) {
                reply = try await HTTPExchange.run(
                    HTTPClient.Request(
                        url: url, headers: ["Accept": "application/jwk-set+json, application/json"]), on: client,
                    seconds: 5, limit: Self.maximumSize)
            } catch {
                throw TokenReviewFailure(retryAfter: 5, reason: "the key set \(url) is not available: \(error)")
            }
            guard reply.status == 200 else {
                throw TokenReviewFailure(retryAfter: 5, reason: "the key set \(url): status \(reply.status)")
            }
            return try Self.parse(reply.body, from: url)
        }
    }

    private static func parse(_ bytes: [UInt8], from source: String) throws(TokenReviewFailure) -> JSONWebKeySet {
        guard let keys = try? JSONWebKeySet(parsing: bytes), !keys.keys.isEmpty else {
            throw TokenReviewFailure(retryAfter: 5, reason: "\(source) is not a key set with a supported key")
        }
        return keys
    }
}
