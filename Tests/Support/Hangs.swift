package import Testing

/// The one deadline of tests: what takes so long hangs. Nothing else in a test is measured in real time, so that a test
/// passes on a machine of any speed and at any load.
package enum HangDeadline {
    /// Far more than all tests together take on one busy core.
    package static let minutes = 20
    /// For libraries that cannot do without a timeout of their own.
    package static let seconds = Double(minutes) * 60
}

extension Trait where Self == TimeLimitTrait {
    /// Cancels a test that hangs, and fails it.
    package static var hangs: Self { .timeLimit(.minutes(HangDeadline.minutes)) }
}

/// Returns once it is so: for what tells nobody of its changes. A test that waits for it has the trait ``Testing/Trait/hangs``.
///
/// - Throws: `CancellationError` where the test is cancelled meanwhile.
package func until(
    isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(1)) }
}
