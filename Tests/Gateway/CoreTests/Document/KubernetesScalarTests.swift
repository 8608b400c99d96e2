import GatewayCore
import JSON
import Testing

@Suite("Scalars of Kubernetes manifests")
struct KubernetesScalarTests {
    @Test(
        "are resolved as kubectl resolves them",
        arguments: [
            ("", .null), ("~", .null), ("null", .null), ("nUll", "nUll"),
            ("yes", true), ("y", true), ("Y", true), ("On", true), ("TRUE", true), ("tRue", "tRue"),
            ("N", false), ("no", false), ("off", false), ("False", false), ("nope", "nope"),
            ("0", 0), ("7", 7), ("+7", 7), ("-7", -7), ("+-7", "+-7"), ("--7", "--7"), ("-", "-"), ("+", "+"),
            ("0x1F", 31), ("0X1f", 31), ("-0x1F", -31), ("0x", "0x"), ("0xG", "0xG"), ("0x-1", "0x-1"),
            ("0644", 420), ("0o644", 420), ("0o", "0o"), ("0899", 899), ("-010", -8),
            ("0b101", 5), ("-0b101", -5), ("0b", "0b"), ("0b2", "0b2"),
            ("1_000", 1000), ("1__0_", 10), ("_1", "_1"),
            (".5", .number(0.5)), ("+.5", .number(0.5)), ("-.5e-1", .number(-0.05)), (".", "."), (".5_0", ".5_0"),
            ("1.", 1), ("1.5", .number(1.5)), ("1.e3", 1000), ("1e3", 1000), ("1e", "1e"), ("1e999", "1e999"),
            ("1.2.3", "1.2.3"), ("10:30", "10:30"), ("2001-12-14", "2001-12-14"), ("1 2", "1 2"),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("18446744073709551615", .number(18_446_744_073_709_551_616)), ("100m", "100m"), ("١", "١"),
        ] as [(String, JSONValue)])
    func values(text: String, value: JSONValue) {
        #expect(KubernetesScalar(plain: text) == .value(value))
    }

    @Test(
        "that JSON does not have are recognized",
        arguments: [".inf", ".Inf", "-.INF", "+.inf", ".nan", ".NaN", ".NAN"])
    func notJSON(text: String) {
        #expect(KubernetesScalar(plain: text) == .notJSON)
        #expect(KubernetesScalar.memberName(plain: text) == nil)
    }

    @Test(
        "are names of members with the text of their value",
        arguments: [
            ("yes", "true"), ("N", "false"), ("0x1F", "31"), ("1.50", "1.5"), ("1_0", "10"), ("a", "a"), ("~", nil),
            ("1e20", nil), ("0.00001", nil),
        ] as [(String, String?)])
    func names(text: String, name: String?) {
        #expect(KubernetesScalar.memberName(plain: text) == name)
    }
}
