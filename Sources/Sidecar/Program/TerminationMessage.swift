import Glibc

/// What `kubectl describe pod` shows of a container that has ended: the last reason, for as long as it holds.
struct TerminationMessage {
    let file: String
    private var written = ""

    init(file: String) { self.file = file }

    /// Says why there is no fresh token; an empty text says that all is well. Nothing happens where there is no such
    /// file to write.
    mutating func say(_ text: String) {
        guard text != written else { return }
        written = text
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0o644)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(text.utf8.prefix(4096))
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}
