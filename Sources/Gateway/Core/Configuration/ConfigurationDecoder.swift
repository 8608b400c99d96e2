/// Decodes a value of the file into a plugin's `Settings`, and records the decoded keys.
struct ConfigurationDecoder: Decoder {
    let node: ConfigurationNode
    let record: DecodingRecord
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(_ node: ConfigurationNode, record: DecodingRecord, codingPath: [any CodingKey] = []) {
        self.node = node
        self.record = record
        self.codingPath = codingPath
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .mapping(let members, _) = node else { throw mismatch([String: String].self, "a mapping") }
        record.open(codingPath, members)
        return KeyedDecodingContainer(KeyedSettings<Key>(decoder: self, members: members))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .sequence(let values, _) = node else { throw mismatch([String].self, "a list") }
        return SettingsList(decoder: self, values: values)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { SettingsValue(decoder: self) }

    func below(_ key: some CodingKey, _ node: ConfigurationNode) -> ConfigurationDecoder {
        ConfigurationDecoder(node, record: record, codingPath: codingPath + [key])
    }

    func mismatch(_ type: Any.Type, _ expected: String) -> DecodingError {
        let place = record.keyPath(of: codingPath)
        return .typeMismatch(
            type,
            .init(
                codingPath: codingPath,
                debugDescription: "invalid value \(QuotedValue.text(node, at: place)); expected \(expected)"))
    }
}

extension ConfigurationDecoder {
    /// A value of any type that is not one of the scalars below.
    func value<Value: Decodable>(_ type: Value.Type) throws -> Value { try Value(from: self) }

    func bool() throws -> Bool {
        guard let value = node.boolean else { throw mismatch(Bool.self, "true or false") }
        return value
    }

    func string() throws -> String {
        guard case .scalar(let text, _, _) = node, !node.isNull else { throw mismatch(String.self, "a string") }
        return text
    }

    func integer<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
        guard case .scalar(let text, _, _) = node, let number = Number(text) else {
            throw mismatch(type, "an integer from \(Number.min) to \(Number.max)")
        }
        return number
    }

    func number<Number: LosslessStringConvertible & BinaryFloatingPoint>(_ type: Number.Type) throws -> Number {
        guard case .scalar(let text, _, _) = node, let number = Number(text), number.isFinite else {
            throw mismatch(type, "a number")
        }
        return number
    }
}

/// Decodes a scalar, or a value by its own initializer.
struct SettingsValue: SingleValueDecodingContainer {
    let decoder: ConfigurationDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { decoder.node.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try decoder.bool() }
    func decode(_ type: String.Type) throws -> String { try decoder.string() }
    func decode(_ type: Double.Type) throws -> Double { try decoder.number(type) }
    func decode(_ type: Float.Type) throws -> Float { try decoder.number(type) }
    func decode(_ type: Int.Type) throws -> Int { try decoder.integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try decoder.integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try decoder.integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try decoder.integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try decoder.integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try decoder.integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.integer(type) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.value(type) }
}
