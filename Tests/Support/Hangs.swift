package import Testing

/// The deadline of tests: a test that takes longer hangs. Nothing else in a test is measured in real time, so that a test
/// passes on a machine of any speed and at any load.
package enum HangDeadline {
    /// Much more than all tests take on one busy core.
    package static let minutes = 20
    /// For libraries that require a timeout.
    package static let seconds = Double(minutes) * 60
}

extension Trait where Self == TimeLimitTrait {
    /// Cancels a test that hangs, and fails it.
    package static var hangs: Self { .timeLimit(.minutes(HangDeadline.minutes)) }
}

/// Waits until a condition is true, for values that do not report their changes. The test has the trait ``Testing/Trait/hangs``.
///
/// - Throws: `CancellationError` where the test is cancelled meanwhile.
package func until(
    isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(1)) }
}
