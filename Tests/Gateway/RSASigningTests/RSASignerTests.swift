import Crypto
import CryptoExtras
import FoundationEssentials
import GatewayTestSupport
import RSASigning
import Testing

@Suite("An RSA signer")
struct RSASignerTests {
    private static func signers(_ key: _RSA.Signing.PrivateKey) throws -> [(RSASigner.Digest, RSASigner)] {
        let der = [UInt8](key.derRepresentation)
        return try [.sha256, .sha384, .sha512].map { ($0, try #require(RSASigner(der: der, digest: $0))) }
    }

    private static func isValid(
        _ signature: [UInt8], _ message: [UInt8], _ digest: RSASigner.Digest, _ key: _RSA.Signing.PublicKey
    ) -> Bool {
        let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
        return switch digest {
        case .sha256: key.isValidSignature(signature, for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        case .sha384: key.isValidSignature(signature, for: SHA384.hash(data: message), padding: .insecurePKCS1v1_5)
        case .sha512: key.isValidSignature(signature, for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5)
        }
    }

    @Test(
        "makes signatures that another implementation verifies: 10,000 messages, all sizes and digests",
        arguments: [(2048, 9_400), (3072, 360), (4096, 240)])
    func verified(bits: Int, count: Int) throws {
        var random = SeededRandom(seed: UInt64(bits))
        for _ in 0..<2 {
            let key = try _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits))
            let signers = try Self.signers(key)
            for at in 0..<count / 2 {
                let (digest, signer) = signers[at % signers.count]
                let message = (0..<Int.random(in: 0..<100, using: &random)).map { _ in
                    UInt8.random(in: .min ... .max, using: &random)
                }
                let signature = try #require(signer.signature(of: message))
                #expect(signature.count == bits / 8)
                #expect(Self.isValid(signature, message, digest, key.publicKey), "message \(at), \(digest)")
            }
        }
    }

    @Test("makes the one signature that the scheme has, byte by byte")
    func equal() throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let message = Array("a message".utf8)
        let expected = try key.signature(for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        let signer = try #require(RSASigner(der: [UInt8](key.derRepresentation), digest: .sha256))
        #expect(signer.signature(of: message) == [UInt8](expected.rawRepresentation))
        #expect(signer.signature(of: []) != signer.signature(of: message))
    }

    @Test("signs on many threads at once")
    func concurrent() async throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let signer = try #require(RSASigner(der: [UInt8](key.derRepresentation), digest: .sha256))
        let valid = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<400 {
                group.addTask {
                    let message = Array("message \(index)".utf8)
                    guard let signature = signer.signature(of: message) else { return false }
                    return Self.isValid(signature, message, .sha256, key.publicKey)
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(valid == 400)
    }

    @Test("is not made of other bytes")
    func rejected() throws {
        let key = [UInt8](try _RSA.Signing.PrivateKey(keySize: .bits2048).derRepresentation)
        let curve = [UInt8](P256.Signing.PrivateKey().derRepresentation)
        for bytes in [[], [0x30], [UInt8](repeating: 0x30, count: 4096), Array(key.dropLast()), curve] {
            #expect(RSASigner(der: bytes, digest: .sha256) == nil)
        }
    }

    @Test("leaves no key in the caller's bytes once they are cleansed")
    func cleansed() {
        var bytes: [UInt8] = [1, 2, 3]
        cleanse(&bytes)
        #expect(bytes == [0, 0, 0])
    }
}
