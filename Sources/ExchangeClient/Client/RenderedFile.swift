/// A small file that is written beside a token file, such as a credential configuration. It contains no secret.
package struct RenderedFile: Sendable, Equatable {
    /// The name in the folder of the token file.
    package let name: String
    package let contents: [UInt8]

    /// The maximum length of the setting, in bytes.
    package static let maximumBytes = 65_536

    /// Reads the setting: a JSON object of contents by `NAME/FILE`.
    ///
    /// - Returns: the files in the order of their paths, each with its endpoint's name; nil where the text is not valid.
    package static func list(_ text: String) -> [(endpoint: String, file: RenderedFile)]? {
        guard text.utf8.count <= maximumBytes, case .object(let members)? = JSONReader.read(Array(text.utf8)) else {
            return nil
        }
        var files: [(endpoint: String, file: RenderedFile)] = []
        for path in members.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            guard parts.count == 2, isName(parts[1]), case .string(let contents)? = members[path] else { return nil }
            files.append(
                (
                    String(decoding: parts[0], as: UTF8.self),
                    RenderedFile(name: String(decoding: parts[1], as: UTF8.self), contents: Array(contents.utf8))
                ))
        }
        return files
    }

    /// Whether the name is of 1 to 63 letters, digits, `.`, `_` and `-`, does not begin with `.` or `-`, and is neither the
    /// token's nor that of a temporary file.
    private static func isName(_ name: ArraySlice<UInt8>) -> Bool {
        guard (1...63).contains(name.count), let first = name.first, !".-".utf8.contains(first),
            !name.elementsEqual("token".utf8), !name.elementsEqual("token.sts-sidecar".utf8)
        else { return false }
        return name.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "._-".utf8.contains(byte)
            }
        }
    }
}
