import GatewayPluginAPI
import Testing

@testable import AWSPlugin

/// S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk".
@Suite("The published examples of S3 signatures")
struct S3ExampleTests {
    private static func example(
        _ name: String, _ request: ServiceRequest, _ signedHeaders: String, _ signature: String
    ) -> SigningCase {
        SigningCase(
            name: name, signer: SigV4Signer(service: .s3, region: "us-east-1"), request: request,
            signedHeaders: signedHeaders, signature: signature)
    }

    private static let host = "examplebucket.s3.amazonaws.com"

    static let examples = [
        example(
            "GET Object",
            ServiceRequest(
                method: "GET", host: host, path: "/test.txt", headers: [HTTPHeaderField("Range", "bytes=0-9")]),
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        example(
            "PUT Object",
            ServiceRequest(
                method: "PUT", host: host, path: "/test$file.text",
                headers: [
                    HTTPHeaderField("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                    HTTPHeaderField("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ], body: Array("Welcome to Amazon S3.".utf8)),
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        example(
            "GET Bucket Lifecycle",
            ServiceRequest(method: "GET", host: host, path: "/", query: [HTTPHeaderField("lifecycle", "")]),
            "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        example(
            "GET Bucket (List Objects)",
            ServiceRequest(
                method: "GET", host: host, path: "/",
                query: [HTTPHeaderField("max-keys", "2"), HTTPHeaderField("prefix", "J")]),
            "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]

    @Test("give the published signatures", arguments: examples)
    func published(example: SigningCase) { example.check() }
}
