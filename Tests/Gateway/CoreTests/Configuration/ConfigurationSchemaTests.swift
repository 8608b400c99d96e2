import FoundationEssentials
import GatewayTestSupport
import JSON
import Testing

@testable import GatewayCore

@Suite("The configuration's schema")
struct ConfigurationSchemaTests {
    @Test("is the committed one; `make schema` writes it")
    func committed() throws {
        #expect(try document("configuration.schema.json") == ConfigurationSchema.text + "\n")
    }

    @Test("has the keys of the tables and of the example in docs/configuration.md; `make schema` writes both")
    func reference() throws {
        let page = try document("configuration.md")
        #expect(page == ConfigurationReference.updated(page))
        #expect(page.contains("<!-- keys of gateway.yaml, written by make schema -->"))
        #expect(page.contains("<!-- example, written by make schema -->"))
    }

    /// A file of docs.
    private func document(_ name: String) throws -> String {
        // Tests/Gateway/CoreTests/Configuration/<this file>
        let root = #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        let contents = try #require(FileManager.default.contents(atPath: "/\(root)/docs/\(name)"))
        return String(decoding: contents, as: UTF8.self)
    }

    @Test("is JSON without additional properties in the gateway's blocks")
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
