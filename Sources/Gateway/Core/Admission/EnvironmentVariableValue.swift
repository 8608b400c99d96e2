/// The value of a container's environment variable. Kubernetes replaces `$(NAME)` by the value of another variable and `$$`
/// by one dollar sign (EnvVar, core/v1).
enum EnvironmentVariableValue {
    /// The value that Kubernetes expands to the text.
    static func escaped(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.contains(UInt8(ascii: "$")) else { return text }
        var escaped: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            escaped.append(byte)
            guard byte == UInt8(ascii: "$"), index + 1 < bytes.count else { continue }
            let next = bytes[index + 1]
            if next == UInt8(ascii: "$") || next == UInt8(ascii: "(") { escaped.append(byte) }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
