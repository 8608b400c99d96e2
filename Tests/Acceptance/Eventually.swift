import GatewayTestSupport

/// What a condition of another program did not become before the deadline.
struct NeverTrue: Error {
    /// What the program logged.
    let log: String
}

/// A deadline for hangs: no machine is so slow that it matters there.
let hangDeadline = Duration.seconds(HangDeadline.seconds)

/// Waits until the state of another program is as expected; only asking again can show that.
///
/// - Parameter log: what the program logged; it becomes part of the error.
func eventually(_ log: @autoclosure () -> String, _ condition: () async throws -> Bool) async throws {
    let clock = ContinuousClock()
    let end = clock.now + hangDeadline
    while try await !condition() {
        guard clock.now < end else { throw NeverTrue(log: log()) }
        try await clock.sleep(for: .milliseconds(50))
    }
}
