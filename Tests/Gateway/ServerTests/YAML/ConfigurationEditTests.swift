import GatewayCore
import JSON
import Testing

@testable import GatewayServer

@Suite struct ConfigurationEditTests {
    private let members: [JSONValue.Member] = [
        .init("issuer", ["host": "issuer.example.com"]),
        .init(
            "publish", ["bucket": "documents", "role": "example:1::role/one", "endpoints": ["a": "https://a.example"]]),
    ]

    private func edited(_ text: String) -> String? {
        ConfigurationEdit.inserting(members, intoEndpoint: "one", of: text)
    }

    @Test func `Keys are inserted as lines, and all other lines stay`() {
        let text = """
            # comment
            sts:
              endpoints:
              - name: two
                path: /two
              - name: one   # of the test
                path: /one

            log: {level: info}

            """
        #expect(
            edited(text) == """
                # comment
                sts:
                  endpoints:
                  - name: two
                    path: /two
                  - name: one   # of the test
                    publish:
                      bucket: documents
                      role: example:1::role/one
                      endpoints: {"a":"https://a.example"}
                    issuer:
                      host: issuer.example.com
                    path: /one

                log: {level: info}

                """)
    }

    @Test func `Keys are inserted into existing blocks, and existing values stay`() throws {
        let text = """
            sts:
              endpoints:
                - name: one
                  issuer:
                    path: /x
                  publish: {bucket: mine, probe: {interval: 10s}}

            """
        #expect(
            edited(text) == """
                sts:
                  endpoints:
                    - name: one
                      issuer:
                        host: issuer.example.com
                        path: /x
                      publish: {"role": "example:1::role/one", "endpoints": {"a":"https://a.example"}, bucket: mine, probe: {interval: 10s}}

                """)
    }

    @Test func `JSON and line breaks of two characters are edited too`() throws {
        let json = #"{"sts": {"endpoints": [{"name": "one", "path": "/one"}]}}"#
        let text = try #require(edited(json))
        #expect(try JSONValue(parsing: Array(text.utf8))["sts"] != nil)
        let lines = "sts:\r\n  endpoints:\r\n  - name: one\r\n    path: /one\r\n"
        #expect(edited(lines)?.contains("issuer:\r\n      host: issuer.example.com\r\n") == true)
    }

    @Test func `A second edit changes nothing`() throws {
        let once = try #require(edited("sts:\n  endpoints:\n  - name: one\n    path: /one\n"))
        #expect(edited(once) == once)
    }

    @Test(arguments: [
        "sts:\n  endpoints:\n  - name: other\n",
        "sts:\n  endpoints:\n  - name: one\n",
        "base: &base\n  name: one\n  path: /one\nsts:\n  endpoints:\n  - *base\n  - name: two\n    issuer: *base\n",
        "sts: [",
    ])
    func `A text that cannot be edited safely is not edited`(_ text: String) { #expect(edited(text) == nil) }
}
