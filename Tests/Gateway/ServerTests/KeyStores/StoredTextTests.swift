import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JSON
import Testing

@testable import GatewayServer

/// What the key store contains as text.
@Suite struct StoredTextTests {
    @Test func `a last valid configuration that is not UTF-8 cannot be used`() throws {
        let text = "cluster: caf\u{E9}\n"
        #expect(try LastValidConfiguration(document: Data(text.utf8), name: "").text.isExactly(text))
        #expect(throws: StoreError.malformed("not UTF-8")) {
            try LastValidConfiguration(document: Data(text.utf8.dropLast(2)), name: "")
        }
    }

    @Test(arguments: ["tls.crt", "tls.key"])
    func `a key pair in a directory that is not UTF-8 is refused`(_ file: String) async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: "\(folder.path)/signing", withIntermediateDirectories: false)
        for name in ["tls.crt", "tls.key"] { try folder.write("text", to: "signing/\(name)") }
        let reader = DirectoryKeyPairReader(directory: folder.path)
        #expect(try await reader.read("signing")?.keyPEM == "text")
        try Data([0x2D, 0xFF]).write(to: URL(filePath: "\(folder.path)/signing/\(file)"))
        let error = await #expect(throws: StoreError.self) { try await reader.read("signing") }
        #expect(error?.description.contains("signing/\(file) is not UTF-8") == true)
    }
}
