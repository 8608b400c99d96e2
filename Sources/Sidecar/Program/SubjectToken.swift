/// The Pod's projected ServiceAccount token. `description` is redacted.
struct SubjectToken: CustomStringConvertible, CustomReflectable {
    static let maximumBytes = 65_536

    let bytes: [UInt8]

    /// Reads the file. Read it for each exchange, since the kubelet replaces it.
    init(file: String) throws(SidecarError) {
        var bytes = try BoundedFile.read(file, maximumBytes: Self.maximumBytes)
        while let last = bytes.last, [0x0A, 0x0D, 0x20, 0x09].contains(last) { bytes.removeLast() }
        guard !bytes.isEmpty else { throw SidecarError("the subject token file \"\(file)\" is empty") }
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SidecarError("the subject token file \"\(file)\" does not contain a token")
        }
        self.bytes = bytes
    }

    var description: String { "(a subject token)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
