/// The Pod's projected ServiceAccount token. `description` is redacted.
package struct SubjectToken: Sendable, CustomStringConvertible, CustomReflectable {
    package static let maximumBytes = 65_536

    package let bytes: [UInt8]

    /// - Throws: if the bytes are not a token. The error contains none of them.
    package init(_ bytes: [UInt8], from source: String) throws(SidecarError) {
        var bytes = bytes
        while let last = bytes.last, [0x0A, 0x0D, 0x20, 0x09].contains(last) { bytes.removeLast() }
        guard !bytes.isEmpty else { throw SidecarError(.subjectToken, "\(source) is empty") }
        guard bytes.count <= Self.maximumBytes, bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SidecarError(.subjectToken, "\(source) does not contain a token")
        }
        self.bytes = bytes
    }

    /// Reads the file. Read it for each exchange, since the kubelet replaces it.
    package init(file: String) throws(SidecarError) {
        let bytes = try BoundedFile.read(file, maximumBytes: Self.maximumBytes)
        try self.init(bytes, from: "the subject token file \"\(file)\"")
    }

    package var description: String { "(a subject token)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
