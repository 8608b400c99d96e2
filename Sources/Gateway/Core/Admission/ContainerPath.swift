/// Paths in a container, compared as a container runtime does.
enum ContainerPath {
    /// The absolute path without `.`, `..`, and repeated or final slashes. A relative path is relative to the root.
    static func cleaned(_ path: String) -> String {
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

    /// Whether the path is below the folder.
    static func isBelow(_ path: String, _ folder: String) -> Bool {
        folder == "/" ? path != "/" : path.utf8.starts(with: "\(folder)/".utf8)
    }

    /// The path with `/var/run` replaced by `/run`, to which it is a symbolic link in many images.
    static func withoutLink(_ path: String) -> String {
        path == "/var/run" || isBelow(path, "/var/run") ? String(path.dropFirst("/var".count)) : path
    }
}
