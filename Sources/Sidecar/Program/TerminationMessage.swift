import Glibc

/// The container's termination message: the errors of the last attempt, which `kubectl describe pod` shows.
struct TerminationMessage {
    let file: String
    private var written = ""

    init(file: String) { self.file = file }

    /// Replaces the message. An empty text means that there is no error. A file that cannot be written is ignored.
    mutating func update(_ text: String) {
        guard text != written else { return }
        written = text
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0o644)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(text.utf8.prefix(4096))
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
