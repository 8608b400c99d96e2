import NIOCore

/// The body of a request that is read, up to its own limit and within the budget of all bodies.
struct BudgetedBody {
    private let limit: Int
    private let budget: BodyBudget
    private var bytes = ByteBuffer()
    private var taken = 0

    init(limit: Int, budget: BodyBudget) {
        self.limit = limit
        self.budget = budget
    }

    /// - Returns: nil where the bytes were taken.
    mutating func append(_ part: ByteBuffer) -> ReceivedRequest.BodyFailure? {
        guard taken + part.readableBytes <= limit else { return .tooLarge }
        guard budget.take(part.readableBytes) else { return .overloaded }
        taken += part.readableBytes
        // A copy, so that the buffer of the socket is free.
        bytes.writeImmutableBuffer(part)
        return nil
    }

    /// The whole body. It counts until ``giveBack()``.
    mutating func takeBytes() -> ByteBuffer {
        defer { bytes = ByteBuffer() }
        return bytes
    }

    mutating func giveBack() {
        bytes = ByteBuffer()
        budget.give(back: taken)
        taken = 0
    }
}
