import GatewayTestSupport
import JSON
import Logging
import Testing

@testable import GatewayCore

@Suite("A value of the configuration")
struct ConfigurationValueTests {
    @Test(
        "is a duration in seconds, minutes, hours or days",
        arguments: [("900", 900), ("900s", 900), ("15m", 900), ("2h", 7_200), ("30d", 2_592_000), ("0", 0)])
    func duration(_ text: String, _ seconds: Int) { #expect(ConfigurationDuration(text)?.seconds == seconds) }

    @Test(
        "is not a duration otherwise", arguments: ["", "s", "-1s", "1.5h", "1h30m", "1 h", "1w", "99999999999", "٣s"])
    func noDuration(_ text: String) { #expect(ConfigurationDuration(text) == nil) }

    @Test(
        "is printed as a duration in a suitable unit",
        arguments: [
            (60, "60s"), (900, "15m"), (86_400, "24h"), (2_592_000, "30d"), (7_200, "2h"), (90, "90s"), (0, "0s"),
        ])
    func durationText(_ seconds: Int, _ text: String) {
        #expect(ConfigurationDuration(seconds: seconds).description == text)
    }

    @Test(
        "is an address to listen on",
        arguments: [
            ("0.0.0.0:8443", "0.0.0.0", 8_443), ("[::1]:0", "::1", 0), ("localhost:65535", "localhost", 65_535),
        ])
    func listenAddress(_ text: String, _ host: String, _ port: Int) throws {
        let address = try #require(ListenAddress(text))
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.description == text)
    }

    @Test(
        "is not an address without host and port",
        arguments: [
            "", "8443", ":8443", "::1:80", "[::1]", "[]:80", "a:65536", "a:-1", "a:+1", "a b:80", "[a]:80", "a:",
        ])
    func noListenAddress(_ text: String) { #expect(ListenAddress(text) == nil) }

    @Test(
        "suggests the nearest key",
        arguments: [
            ("audiance", "audience"), ("Audience", "audience"), ("az_rules", "azRules"), ("isuer", "issuer"),
            ("pulgin", "plugin"),
        ])
    func suggestion(_ word: String, _ meant: String) {
        #expect(SpellingSuggestion.nearest(to: word, among: ["audience", "azRules", "issuer", "plugin"]) == meant)
    }

    @Test(
        "suggests no key for a word without a near one",
        arguments: ["colour", "", "x", String(repeating: "a", count: 10_000)])
    func noSuggestion(_ word: String) {
        #expect(SpellingSuggestion.nearest(to: word, among: ["audience", "ttl", "path"]) == nil)
    }

    @Test("is quoted on one line and truncated")
    func quoted() {
        #expect(QuotedValue.text("a\nb", at: "cluster") == "\"a\u{FFFD}b\"")
        #expect(QuotedValue.text(String(repeating: "a", count: 100), at: "cluster").count == 83)
    }

    @Test(
        "is redacted if its key contains a secret",
        arguments: [
            "sts.endpoints[0].settings.password", "sts.endpoints[0].settings.clientSecret.value",
            "sts.endpoints[0].settings.session_token", "sts.endpoints[0].publish.secret-access-key",
            "sts.endpoints[0].settings.token", "sts.endpoints[0].settings.apiKeys[0]",
        ])
    func secret(_ keyPath: String) { #expect(QuotedValue.text("hunter2", at: keyPath) == "(redacted)") }

    @Test(
        "is quoted if its key only resembles a secret's",
        arguments: ["sts.endpoints[0].token.ttl", "listeners.tokens", "sts.endpoints[0].subjectToken.requirePod"])
    func noSecret(_ keyPath: String) { #expect(QuotedValue.text("x", at: keyPath) == "\"x\"") }

    @Test(
        "is the JSON value of YAML's core schema",
        arguments: [
            ("true", true, .bool(true)), ("true", false, .string("true")), ("12", true, .integer(12)),
            ("-1.5e3", true, .number(-1500)), ("012345678901", true, .string("012345678901")), ("~", true, .null),
            ("", true, .null), ("", false, .string("")), ("1.2.3", true, .string("1.2.3")), ("0", true, .integer(0)),
            (".inf", true, .string(".inf")), ("yes", true, .string("yes")), ("-", true, .string("-")),
        ] as [(String, Bool, JSONValue)])
    func json(_ text: String, _ isPlain: Bool, _ value: JSONValue) {
        #expect(JSONValue(ConfigurationNode.scalar(text, isPlain: isPlain, line: 1)) == value)
    }

    @Test("has its line in a problem's text")
    func line() {
        let node = ConfigurationNode.mapping(
            [.init(key: "sts", value: .scalar("x", isPlain: true, line: 3))], line: 1)
        let problems = ConfigurationLoader.load(
            node, catalog: PluginCatalog(plugins: []),
            context: ConfigurationContext(namespace: nil, logger: Logger(label: "test"))
        ).problems
        #expect(
            problems.first?.text(file: "a.yaml")
                == #"a.yaml:3: error: sts: invalid value "x"; expected a mapping (STS1301)"#)
    }
}
