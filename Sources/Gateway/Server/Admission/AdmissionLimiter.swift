/// Limits the concurrent admission reviews, whose bodies have arrived. More reviews wait in order of arrival. The process
/// has one limiter, so that a reload does not reset the counts.
///
/// A parsed body uses many times its length of memory, so that of large ones one is parsed at a time. A Pod is rarely
/// larger than some ten kilobytes.
final class AdmissionLimiter: Sendable {
    typealias Overload = AdmissionQueue.Overload

    /// Bodies of more bytes than this are large.
    static let largeLength = 256 << 10
    static let maximumLarge = 1

    let queue: AdmissionQueue
    let largeQueue: AdmissionQueue

    init(limits: AdmissionQueue.Limits = AdmissionQueue.Limits(), scheduler: Scheduler) {
        queue = AdmissionQueue(limits: limits, scheduler: scheduler)
        largeQueue = AdmissionQueue(limits: limits, scheduler: scheduler)
    }

    /// Runs the work when the limits permit it.
    ///
    /// - Parameters:
    ///   - concurrency: the new limit of concurrent reviews, from the configuration in force.
    ///   - length: the length of the body in bytes.
    /// - Throws: ``Overload``, or what the work throws.
    func run<Value: Sendable>(
        atMost concurrency: Int, length: Int, _ work: @Sendable () async throws -> Value
    ) async throws -> Value {
        guard length > Self.largeLength else {
            return try await queue.run(atMost: concurrency, work)
        }
        return try await largeQueue.run(atMost: Self.maximumLarge) {
            try await self.queue.run(atMost: concurrency, work)
        }
    }
}
