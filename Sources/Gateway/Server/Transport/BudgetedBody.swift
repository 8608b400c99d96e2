import NIOCore

/// The body of a request that is read, up to its own limit and within the budget of all bodies.
struct BudgetedBody {
    private enum Held {
        case nothing
        case unfinished(BodyBudget.ID)
        /// Bytes.
        case complete(Int)
    }

    /// What an open HTTP/2 stream takes: its channel, handlers and tables.
    static let streamBytes = 8 << 10

    private let limit: Int
    private let budget: BodyBudget
    /// Of the budget, beside the body: for the stream.
    private var overhead = 0
    private var bytes = ByteBuffer()
    private var held = Held.nothing

    init(limit: Int, budget: BodyBudget) {
        self.limit = limit
        self.budget = budget
    }

    /// A HTTP/2 stream has begun. It counts until its request is complete, whether a body follows or not.
    ///
    /// - Returns: nil where there is room for it.
    mutating func openStream(giveUp: @escaping @Sendable () -> Void) -> ReceivedRequest.BodyFailure? {
        let id = budget.begin(giveUp)
        held = .unfinished(id)
        guard budget.take(Self.streamBytes, for: id) else { return .overloaded }
        overhead = Self.streamBytes
        return nil
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
            held = .complete(count - overhead)
            if overhead > 0 { budget.give(back: overhead) }
            overhead = 0
        }
        return bytes
    }

    mutating func giveBack() {
        bytes = ByteBuffer()
        overhead = 0
        switch held {
        case .nothing: break
        case .unfinished(let id): if let count = budget.complete(id) { budget.give(back: count) }
        case .complete(let count): budget.give(back: count)
        }
        held = .nothing
    }
}
