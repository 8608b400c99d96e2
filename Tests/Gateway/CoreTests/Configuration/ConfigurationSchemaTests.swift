import FoundationEssentials
import GatewayTestSupport
import JSON
import Testing

@testable import GatewayCore

@Suite("The configuration's schema")
struct ConfigurationSchemaTests {
    @Test("is the committed one; `make schema` writes it anew")
    func committed() throws {
        // Tests/Gateway/CoreTests/Configuration/<this file>
        let root = #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        let contents = try #require(FileManager.default.contents(atPath: "/\(root)/docs/configuration.schema.json"))
        #expect(String(decoding: contents, as: UTF8.self) == ConfigurationSchema.text + "\n")
    }

    @Test("is JSON that closes every block of the gateway's own")
    func closed() throws {
        let schema = try JSONDecoder().decode(JSONValue.self, from: Data(ConfigurationSchema.text.utf8))
        #expect(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema["additionalProperties"] == false)
        let endpoint = schema["properties"]?["sts"]?["properties"]?["endpoints"]?["items"]
        #expect(endpoint?["additionalProperties"] == false)
        #expect(endpoint?["properties"]?["publish"]?["additionalProperties"] == nil)
        #expect(endpoint?["properties"]?["token"]?["properties"]?["ttl"]?["default"] == "900s")
        #expect(schema["properties"]?["limits"]?["properties"]?["bodyBytes"]?["maximum"] == 4_194_304)
    }
}
