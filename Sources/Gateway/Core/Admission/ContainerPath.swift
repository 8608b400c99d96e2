/// Paths in a container, compared as a container runtime does.
enum ContainerPath {
    /// The absolute path without `.`, `..`, and repeated or final slashes. A relative path is relative to the root.
    static func cleaned(_ path: String) -> String {
        guard !isClean(path.utf8) else { return path }
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Whether the path certainly has no empty part, no part that begins with a dot, and no final slash.
    private static func isClean(_ path: some Collection<UInt8>) -> Bool {
        var last: UInt8?
        for byte in path {
            // The first byte is a slash. A slash is not followed by a dot or a slash.
            if last == nil ? byte != UInt8(ascii: "/") : last == UInt8(ascii: "/") && (byte == 0x2E || byte == 0x2F) {
                return false
            }
            last = byte
        }
        return path.count > 1 && last != UInt8(ascii: "/")
    }

    /// Whether a path is certainly neither the folder of the tokens, in any of its forms, nor above or below it.
    static func isElsewhere(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        // The folder is in /var/run, which may be a link to /run.
        isClean(path) && path[1] != UInt8(ascii: "v") && path[1] != UInt8(ascii: "r")
    }

    /// Whether the path is below the folder.
    static func isBelow(_ path: String, _ folder: String) -> Bool {
        // Most paths are shorter.
        guard path.utf8.count > folder.utf8.count else { return false }
        guard folder != "/" else { return true }
        guard path.utf8.starts(with: folder.utf8) else { return false }
        return path.utf8.dropFirst(folder.utf8.count).first == UInt8(ascii: "/")
    }

    /// The path with `/var/run` replaced by `/run`, to which it is a symbolic link in many images.
    static func withoutLink(_ path: String) -> String {
        path == "/var/run" || isBelow(path, "/var/run") ? String(path.dropFirst("/var".count)) : path
    }
}
