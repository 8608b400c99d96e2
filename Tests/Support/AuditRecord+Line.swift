package import GatewayCore
package import JSON

extension AuditRecord {
    /// The line, without its end.
    package var line: String {
        var output = JSONWriter()
        writeLine(to: &output)
        return String(decoding: output.utf8Text.dropLast(), as: UTF8.self)
    }

    /// The line as a value.
    package var json: JSONValue {
        get throws { try JSONValue(parsing: Array(line.utf8)) }
    }
}
