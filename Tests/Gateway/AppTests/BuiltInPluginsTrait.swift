import Testing

@testable import Gateway
@testable import GatewayApp

/// Links the built-in plugins in tests, as the executable does.
struct BuiltInPluginsTrait: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await LinkedPlugins.$all.withValue(BuiltInPlugins.all) { try await function() }
    }
}

extension Trait where Self == BuiltInPluginsTrait {
    static var builtInPlugins: Self { Self() }
}
