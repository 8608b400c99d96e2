import GatewayPluginAPI
import JSON
import Testing

@Suite("Private claims")
struct PrivateClaimsTests {
    @Test("keep the order in which they were set, the last value of a name last")
    func order() {
        var claims = PrivateClaims()
        let set = [claims.set("b", 1), claims.set("a", 2), claims.set("b", 3)]
        #expect(set == [true, true, true])
        #expect(claims.members == [.init("a", 2), .init("b", 3)])
    }

    @Test(
        "cannot have a reserved name",
        arguments: [
            "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cluster", "namespace", "saname", "kubernetes.io", "",
        ])
    func reserved(name: String) {
        var claims = PrivateClaims()
        let set = claims.set(name, "forged")
        #expect(!set)
        #expect(claims.members.isEmpty)
    }

    @Test("are distinguished by case, as in JSON (RFC 7519 §4)")
    func letterCase() {
        var claims = PrivateClaims()
        let set = claims.set("SUB", "allowed")
        #expect(set)
        #expect(claims.members == [.init("SUB", "allowed")])
    }
}
