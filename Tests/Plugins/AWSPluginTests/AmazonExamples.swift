import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting

@testable import AWSPlugin

/// The time of the published examples of S3's signatures: 2013-05-24T00:00:00Z.
let exampleTime = Date(timeIntervalSince1970: 1_369_353_600)

extension AccessKey {
    /// As Amazon's documentation writes keys.
    static let example = AccessKey(id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
}

/// Always the same credentials, or one after the other.
actor GivenCredentials: CredentialProviding {
    private var answers: [Result<AccessKey?, PublishError>]
    private(set) var asked = 0

    init(_ answers: Result<AccessKey?, PublishError>...) { self.answers = answers }

    func credentials() async throws(PublishError) -> AccessKey? {
        asked += 1
        let next = answers.count > 1 ? answers.removeFirst() : answers[0]
        return try next.get()
    }
}

extension AWSClient {
    /// Signs with the example's key at the example's time.
    static func example(_ transport: any HTTPTransport, _ credentials: GivenCredentials? = nil) -> AWSClient {
        AWSClient(
            transport: transport,
            credentials: CredentialCache(
                sources: [(.environment, credentials ?? GivenCredentials(.success(.example)))], now: { exampleTime },
                logger: PluginContext.silent.logger),
            now: { exampleTime }, authorities: { () throws(PublishError) in nil })
    }
}

/// Error documents as the services send them.
enum ErrorDocument {
    /// S3's: no namespace.
    static func s3(_ code: String, _ message: String = "Something is not right.", more: String = "") -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <Error><Code>\(code)</Code><Message>\(message)</Message>\(more)<RequestId>4442587FB7D0A2F9</RequestId>\
        <HostId>Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7/C1NPcfTWAtRPfTaOFg==</HostId></Error>
        """
    }

    /// CloudFront's and, with another namespace, STS'.
    static func query(
        _ code: String, _ message: String = "Something is not right.",
        namespace: String = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
    ) -> String {
        """
        <?xml version="1.0"?>
        <ErrorResponse xmlns="\(namespace)"><Error><Type>Sender</Type><Code>\(code)</Code>\
        <Message>\(message)</Message></Error><RequestId>410c2a4b-e435-49c9-8382-3770d80d7d4c</RequestId></ErrorResponse>
        """
    }

    static func sts(_ code: String, _ message: String = "Something is not right.") -> String {
        query(code, message, namespace: "https://sts.amazonaws.com/doc/2011-06-15/")
    }

    static let page = "<!DOCTYPE html><html><body><h1>Blocked by the proxy</h1></body></html>"
}

extension PublishError {
    /// Whether it reads as an error must: one line, lower case, no final period.
    var isWellFormed: Bool {
        message.unicodeScalars.allSatisfy { $0.value >= 0x20 } && message.last != "."
            && message.first?.isUppercase == false && message.utf8.count < 1_000
    }
}
