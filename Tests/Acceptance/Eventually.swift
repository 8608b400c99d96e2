import GatewayTestSupport

/// A condition of another program that was not met before the deadline.
struct NeverTrue: Error {
    /// The log of the program.
    let log: String
}

/// A deadline for hangs, which no slow machine exceeds.
let hangDeadline = Duration.seconds(HangDeadline.seconds)

/// Polls until the state of another program is as expected.
///
/// - Parameter log: the log of the program, for the error.
func eventually(_ log: @autoclosure () -> String, _ condition: () async throws -> Bool) async throws {
    let clock = ContinuousClock()
    let end = clock.now + hangDeadline
    while try await !condition() {
        guard clock.now < end else { throw NeverTrue(log: log()) }
        try await clock.sleep(for: .milliseconds(50))
    }
}
