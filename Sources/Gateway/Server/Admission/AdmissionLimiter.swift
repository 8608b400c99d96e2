/// Bounds the admission reviews that are answered at a time. More wait, in the order in which they came; nothing of their
/// bodies is read before. One for the process, so that a new configuration does not begin to count anew.
///
/// Read into values a body takes many times its length, so that few large ones are answered at a time, whoever sends
/// them. Pods are seldom larger than some ten kilobytes.
final class AdmissionLimiter: Sendable {
    typealias Overload = AdmissionQueue.Overload

    /// Bytes of a body beyond which it is a large one.
    static let largeLength = 256 << 10
    static let largeAtATime = 4

    let queue: AdmissionQueue
    let largeQueue: AdmissionQueue

    init(limits: AdmissionQueue.Limits = AdmissionQueue.Limits(), scheduler: Scheduler) {
        queue = AdmissionQueue(limits: limits, scheduler: scheduler)
        largeQueue = AdmissionQueue(limits: limits, scheduler: scheduler)
    }

    /// Does the work once there is a place for it.
    ///
    /// - Parameters:
    ///   - concurrency: places in all, from now on; by the configuration that is in force.
    ///   - length: of the body; nil where it is not told, which is taken for large.
    /// - Throws: ``Overload``, or what the work throws.
    func run<Value: Sendable>(
        atMost concurrency: Int, length: Int?, _ work: @Sendable () async throws -> Value
    ) async throws -> Value {
        guard length.map({ $0 > Self.largeLength }) ?? true else {
            return try await queue.run(atMost: concurrency, work)
        }
        return try await largeQueue.run(atMost: Self.largeAtATime) {
            try await self.queue.run(atMost: concurrency, work)
        }
    }
}
