import Glibc

/// One line of the log: a JSON object on standard error. The message is constant; data is in the other members.
package enum LogLine {
    /// How severe the line is. A warning and an error have a stable code.
    package enum Level {
        case info
        case warning(SidecarCode)
        case error(SidecarCode)

        fileprivate var members: [(String, String)] {
            switch self {
            case .info: [("level", quote("info"))]
            case .warning(let code): [("level", quote("warning")), ("code", quote(code.rawValue))]
            case .error(let code): [("level", quote("error")), ("code", quote(code.rawValue))]
            }
        }
    }

    package static func write(_ level: Level, _ message: String, _ members: [(name: String, value: String)] = []) {
        let all =
            [("time", quote(Clock.text(Clock.wall())))] + level.members + [("message", quote(message))]
            + members.map { ($0.name, $0.value) }
        let line = "{" + all.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}\n"
        print(line)
    }

    /// The text as a JSON string.
    package static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Writes text to standard error.
    package static func print(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
