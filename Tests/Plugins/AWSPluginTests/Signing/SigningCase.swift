import FoundationEssentials
import GatewayPluginAPI
import Testing

@testable import AWSPlugin

/// A call, and the signature that it must have.
struct SigningCase: Sendable, CustomTestStringConvertible {
    let name: String
    let signer: SigV4Signer
    var key = AccessKey.example
    var time = exampleTime
    let request: ServiceRequest
    let signedHeaders: String
    let signature: String

    var testDescription: String { name }

    func check() {
        let headers = signer.signedHeaders(of: request, with: key, at: time)
        let authorization = headers.filter { $0.name == "Authorization" }.map(\.value)
        let day = headers.first { $0.name == "X-Amz-Date" }?.value.prefix(8) ?? ""
        #expect(
            authorization == [
                "AWS4-HMAC-SHA256 Credential=\(key.id)/\(day)/\(signer.region)/\(signer.service.name)/aws4_request, "
                    + "SignedHeaders=\(signedHeaders), Signature=\(signature)"
            ])
    }
}
