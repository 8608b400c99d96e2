import NIOCore

/// The body of a request that is read, up to its own limit and within the budget of all bodies.
struct BudgetedBody {
    private enum Held {
        case nothing
        case unfinished(BodyBudget.ID)
        /// Bytes.
        case complete(Int)
    }

    private let limit: Int
    private let budget: BodyBudget
    private var bytes = ByteBuffer()
    private var held = Held.nothing

    init(limit: Int, budget: BodyBudget) {
        self.limit = limit
        self.budget = budget
    }

    /// - Parameter giveUp: called from any thread where other bodies need the room of this one.
    /// - Returns: nil where the bytes were taken.
    mutating func append(
        _ part: ByteBuffer, giveUp: @autoclosure () -> @Sendable () -> Void
    ) -> ReceivedRequest.BodyFailure? {
        guard bytes.readableBytes + part.readableBytes <= limit else { return .tooLarge }
        let id: BodyBudget.ID
        switch held {
        case .unfinished(let begun): id = begun
        case .nothing, .complete:
            id = budget.begin(giveUp())
            held = .unfinished(id)
        }
        guard budget.take(part.readableBytes, for: id) else { return .overloaded }
        // A copy, so that the buffer of the socket is free.
        bytes.writeImmutableBuffer(part)
        return nil
    }

    /// The whole body. It counts until ``giveBack()``.
    ///
    /// - Returns: nil where it was given up for other bodies.
    mutating func takeBytes() -> ByteBuffer? {
        defer { bytes = ByteBuffer() }
        if case .unfinished(let id) = held {
            guard let count = budget.complete(id) else {
                held = .nothing
                return nil
            }
            held = .complete(count)
        }
        return bytes
    }

    mutating func giveBack() {
        bytes = ByteBuffer()
        switch held {
        case .nothing: break
        case .unfinished(let id): if let count = budget.complete(id) { budget.give(back: count) }
        case .complete(let count): budget.give(back: count)
        }
        held = .nothing
    }
}
