import NIOCore

/// Cuts a stream of bytes into lines, none longer than a bound.
struct LineBuffer {
    private let maximumLength: Int
    private var bytes: [UInt8] = []
    /// What was handed out already.
    private var start = 0
    /// Up to where no line ends after `start`.
    private var searched = 0

    init(maximumLength: Int) { self.maximumLength = maximumLength }

    /// Takes what came; ``next()`` is asked until it has no more before this is called again.
    ///
    /// - Returns: false where there is a line above the bound.
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

    /// The next line that is whole, without its end; empty lines are passed over.
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
