import Foundation
import GatewayTestSupport
import Testing

/// A secret that is planted in what a program writes is found: the scan of every gateway's output can fail.
@Suite("The search for secrets in output")
struct SecretScanTests {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/abcdefghijklmnopq")

    @Test("A token, a key in PEM and a piece of a key are found; ordinary output has none")
    func planted() throws {
        let folder = try TemporaryFolder()
        let body = String((0..<200).map { Self.alphabet[$0 * 7 % Self.alphabet.count] })
        let pem = "-----BEGIN PRIVATE KEY-----\n\(body)\n-----END PRIVATE KEY-----\n"
        try folder.write(#"{"privateKey": "\#(pem.replacing("\n", with: "\\n"))"}"#, to: "one.keyring.json")
        let scan = SecretScan(keyDirectory: folder.path)
        #expect(scan.leaks(in: #"{"message": "listening", "kid": "0123456789abcdef0123456789abcdef"}"#).isEmpty)
        #expect(scan.leaks(in: "error: " + pem).contains("a key in PEM"))
        #expect(scan.leaks(in: "key=" + body.dropFirst(100).prefix(40)) == ["a private key"])
        let token = try TestCluster(key: TestKeys.ec).token(at: Date())
        #expect(scan.leaks(in: "subject \(token)") == ["a token"])
    }
}
