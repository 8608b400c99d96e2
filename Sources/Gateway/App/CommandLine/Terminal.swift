import GatewayCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Output to the standard streams.
enum Terminal {
    /// Whether a person can be asked: standard input and standard error are a terminal.
    static var isInteractive: Bool { isatty(0) == 1 && isatty(2) == 1 }

    /// Whether standard output is a terminal.
    static var showsOutput: Bool { isatty(1) == 1 }

    /// Asks a question on standard error; whether the answer is `yes`.
    static func confirms(_ question: String) -> Bool {
        write("\(question) [yes/no] ", to: 2)
        return readLine() == "yes"
    }

    /// Writes a line to standard error.
    ///
    /// - Parameter line: without a line break.
    static func error(_ line: String) { write(line + "\n", to: 2) }

    /// Writes a line with the code of an error, unless it has one.
    static func error(_ line: String, _ code: ErrorCode) { error(code.ending(line)) }

    /// Returns the text with all that a terminal would interpret escaped as in a Swift literal: control characters, line
    /// breaks, and bidirectional overrides (Unicode Standard Annex #9). Texts of others, such as policies, may have them.
    static func printable(_ text: String) -> String {
        var made = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                made.append(contentsOf: scalar.escaped(asASCII: true).unicodeScalars)
            default: made.append(scalar)
            }
        }
        return String(made)
    }

    /// Writes the complete text.
    ///
    /// - Returns: false where the stream is closed or has failed.
    @discardableResult
    static func write(_ text: String, to descriptor: Int32) -> Bool { write(Array(text.utf8), to: descriptor) }

    /// Writes all bytes.
    ///
    /// - Returns: false where the stream is closed or has failed.
    @discardableResult
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
