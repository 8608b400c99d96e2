/// The port to the threads on which signatures are made that take long (RSA), so that no other request waits behind one.
package protocol SignatureExecuting: Sendable {
    /// Runs the work.
    ///
    /// - Throws: where too many signatures wait already; the work has not run.
    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(SignatureOverload) -> Value
}

/// Too many signatures wait.
package struct SignatureOverload: Error, Sendable, Equatable {
    package init() {}

    /// Seconds.
    package static let retryAfter = 1
}
