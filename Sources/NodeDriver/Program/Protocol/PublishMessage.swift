/// The message `NodePublishVolumeRequest`. It contains a token, so `description` is redacted.
struct PublishMessage: CustomStringConvertible, CustomReflectable {
    var volumeID = ""
    var targetPath = ""
    var isReadOnly = false
    var secrets: [String: String] = [:]
    var volumeContext: [String: String] = [:]

    init() {}

    init(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let text)): volumeID = try ProtobufReader.text(text)
            case (4, .bytes(let text)): targetPath = try ProtobufReader.text(text)
            case (6, .number(let number)): isReadOnly = number != 0
            case (7, .bytes(let entry)):
                let (key, value) = try ProtobufReader.entry(entry)
                secrets[key] = value
            case (8, .bytes(let entry)):
                let (key, value) = try ProtobufReader.entry(entry)
                volumeContext[key] = value
            default: break
            }
        }
    }

    var description: String { "(a publish request)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

/// The message `NodeUnpublishVolumeRequest`.
struct UnpublishMessage {
    private(set) var volumeID = ""
    private(set) var targetPath = ""

    init(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let text)): volumeID = try ProtobufReader.text(text)
            case (2, .bytes(let text)): targetPath = try ProtobufReader.text(text)
            default: break
            }
        }
    }
}

/// The message `RegistrationStatus`.
struct RegistrationStatusMessage {
    private(set) var isRegistered = false
    private(set) var error = ""

    init(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .number(let number)): isRegistered = number != 0
            case (2, .bytes(let text)): error = try ProtobufReader.text(text)
            default: break
            }
        }
    }
}
