/// How large and how deeply nested a JSON text may be.
public struct JSONLimits: Sendable, Equatable {
    /// The maximum number of arrays and objects around a value, and the value itself.
    public let depth: Int
    /// The maximum length of the text in bytes.
    public let byteCount: Int
    /// The maximum number of values that are read.
    public let valueCount: Int

    /// Creates limits of their values.
    ///
    /// - Parameters:
    ///   - depth: at most 128, so that reading does not exhaust the stack; a greater value means 128.
    ///   - byteCount: the length of the text. The memory of the value is a multiple of it.
    ///   - valueCount: a value of two bytes needs some hundred bytes of memory.
    public init(depth: Int = 128, byteCount: Int = 64 << 20, valueCount: Int = .max) {
        self.depth = min(depth, 128)
        self.byteCount = byteCount
        self.valueCount = valueCount
    }

    /// 128 levels and 64 MiB. For texts whose length was bounded when they were received.
    public static let standard = JSONLimits()
}
