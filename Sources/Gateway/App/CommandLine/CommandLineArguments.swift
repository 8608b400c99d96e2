import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The arguments and the environment variables of the process, which must be UTF-8. `CommandLine.arguments` and
/// `ProcessInfo` would replace invalid bytes by U+FFFD, and a filter would compare with another value than was given.
enum CommandLineArguments {
    /// An argument or a variable is not UTF-8.
    struct NotUTF8: Error, CustomStringConvertible {
        let place: String
        var description: String { "\(place): invalid UTF-8; write it in UTF-8" }
    }

    /// The arguments after the program's name.
    static func ofProcess() throws(NotUTF8) -> [String] {
        var arguments: [String] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let text = CommandLine.unsafeArgv[index] else { break }
            arguments.append(try validated(text, "argument \(index)"))
        }
        try check(variables: ProcessInfo.processInfo.environment.keys) { UnsafePointer(getenv($0)) }
        return arguments
    }

    /// Checks the values of the variables that the gateway or a plugin reads.
    static func check(
        variables names: some Sequence<String>, value: (String) -> UnsafePointer<CChar>?
    ) throws(NotUTF8) {
        for name in names where isRead(name) {
            guard let text = value(name) else { continue }
            _ = try validated(text, name)
        }
    }

    static func validated(_ text: UnsafePointer<CChar>, _ place: String) throws(NotUTF8) -> String {
        guard let valid = String(validatingCString: text) else { throw NotUTF8(place: place) }
        return valid
    }

    /// Variables that the gateway or a plugin reads. Others may hold anything.
    private static func isRead(_ name: String) -> Bool {
        let name = name.uppercased()
        return ["POD_", "KUBERNETES_", "AWS_"].contains(where: name.hasPrefix)
            || ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "HOSTNAME", "HOME"].contains(name)
    }
}
