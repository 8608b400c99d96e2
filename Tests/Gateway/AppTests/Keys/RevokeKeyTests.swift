import ArgumentParser
import Testing

@testable import GatewayApp

@Suite("keys revoke", .builtInPlugins)
struct RevokeKeyTests {
    @Test(
        "takes a key ID that begins with -, as one of 64 does",
        arguments: [
            "-9t1JjRAdcvoHqWJ8gZHrYsyb3OYPZGWWnt9lGQWTyA", "--t1JjRAdcvoHqWJ8gZHrYsyb3OYPZGWWnt9lGQWTyA", "one",
        ])
    func keyID(kid: String) throws {
        let command = try GatewayCommand.parseAsRoot(
            ["keys", "revoke", "--config", "gateway.yaml", "--endpoint", "one", "--kid", kid])
        let revoke = try #require(command as? RevokeKey)
        #expect(revoke.kid == kid)
        #expect(!revoke.active)
    }
}
