/// The settings of a program: flags (`--flag VALUE` or `--flag=VALUE`), else environment variables.
package struct ProgramSettings {
    /// A setting: its flag, its environment variable and its help text.
    package typealias Row = (flag: String, variable: String, help: String)

    /// All problems of the settings.
    package struct Problems: Error, Equatable {
        package var texts: [String]

        package init(texts: [String] = []) { self.texts = texts }
    }

    /// The values of each flag that is set, in order.
    private var given: [String: [String]] = [:]

    /// - Parameters:
    ///   - program: its name in messages.
    ///   - list: the flag that may be repeated, whose variable is a list with commas; nil for none.
    ///   - problems: gets what is wrong.
    package init(
        _ arguments: [String], environment: (String) -> String?, table: [Row], program: String, list: String? = nil,
        _ problems: inout Problems
    ) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let equals = argument.hasPrefix("--") ? argument.firstIndex(of: "=") : nil
            let flag = String(argument[..<(equals ?? argument.endIndex)])
            guard table.contains(where: { $0.flag == flag }) else {
                problems.texts.append("unknown option \"\(flag)\"; see \(program) --help")
                continue
            }
            if let equals {
                given[flag, default: []].append(String(argument[argument.index(after: equals)...]))
            } else if let value = rest.popFirst() {
                given[flag, default: []].append(value)
            } else {
                problems.texts.append("\(flag): missing value")
            }
        }
        for row in table where given[row.flag] == nil {
            guard let value = environment(row.variable), !value.isEmpty else { continue }
            given[row.flag] = row.flag == list ? value.split(separator: ",").map { String($0) } : [value]
        }
        for (flag, values) in given.sorted(by: { $0.key < $1.key }) where flag != list && values.count > 1 {
            problems.texts.append("\(flag): duplicate (\(values.count) times); use it once")
        }
    }

    /// The value of a flag; nil where it is not set.
    package subscript(flag: String) -> String? { given[flag]?.last }

    /// The values of the flag that may be repeated.
    package func list(_ flag: String) -> [String] { given[flag] ?? [] }

    /// The permission bits of `--token-mode`; nil where it is not set or not valid.
    package func tokenMode(_ problems: inout Problems) -> UInt32? {
        guard let text = self["--token-mode"] else { return nil }
        if let bits = UInt32(text, radix: 8), bits <= 0o777, bits & 0o400 != 0 { return bits }
        problems.texts.append(
            "--token-mode: invalid mode \"\(text)\"; expected an octal mode that lets the owner read, such as 0644")
        return nil
    }

    /// The URL of `--server`; nil where it is not set or not valid.
    package func server(_ problems: inout Problems) -> ServerAddress? {
        guard let text = self["--server"] else { return nil }
        if let address = ServerAddress(text) { return address }
        problems.texts.append("--server: invalid URL \"\(text)\"; expected https://host[:port][/path]")
        return nil
    }
}
