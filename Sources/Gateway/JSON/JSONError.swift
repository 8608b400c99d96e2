/// The reason why a text is not accepted as JSON.
public struct JSONError: Error, Equatable, Sendable {
    /// What is wrong. Contains nothing of the text.
    public let message: String
    /// The offset of the byte at which reading stopped, from 0.
    public let offset: Int

    init(message: String, offset: Int) {
        self.message = message
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    /// The message and the offset.
    public var description: String { "\(message) at byte \(offset)" }
}
