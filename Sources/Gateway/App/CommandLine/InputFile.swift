import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The bytes of a file, or of standard input, which may be a pipe.
enum InputFile {
    /// - Parameter filename: `-` for standard input.
    /// - Returns: nil where the file is not readable.
    static func bytes(_ filename: String) -> [UInt8]? {
        guard filename == "-" else { return FileManager.default.contents(atPath: filename).map { Array($0) } }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        // More than the YAML reader accepts.
        while bytes.count < 8 << 20 {
            let count = piece.withUnsafeMutableBytes { systemRead(0, $0) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        return bytes
    }
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, bytes.baseAddress, bytes.count)
}
