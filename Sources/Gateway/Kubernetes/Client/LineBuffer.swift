import NIOCore

/// Splits a stream of bytes into lines of bounded length.
struct LineBuffer {
    private let maximumLength: Int
    private var bytes: [UInt8] = []
    /// The end of the lines that were returned already.
    private var start = 0
    /// No line ends between `start` and this index.
    private var searched = 0

    init(maximumLength: Int) { self.maximumLength = maximumLength }

    /// Appends received bytes. Call ``next()`` until it returns nil before the next call of this method.
    ///
    /// - Returns: false if a line is longer than the bound.
    mutating func append(_ chunk: ByteBufferView) -> Bool {
        if start > 0 {
            bytes.removeSubrange(..<start)
            searched -= start
            start = 0
        }
        var length = bytes.count
        for byte in chunk {
            if byte == UInt8(ascii: "\n") {
                length = 0
            } else {
                length += 1
                guard length <= maximumLength else { return false }
            }
        }
        bytes.append(contentsOf: chunk)
        return true
    }

    /// Returns the next complete line without its end; empty lines are skipped.
    mutating func next() -> [UInt8]? {
        while let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(bytes[start..<end])
            start = end + 1
            searched = start
            if !line.isEmpty { return line }
        }
        searched = bytes.count
        return nil
    }
}
