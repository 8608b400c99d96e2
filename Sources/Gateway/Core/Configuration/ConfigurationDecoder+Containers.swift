import JSON

/// Decodes a mapping, and records every key that is decoded.
struct KeyedSettings<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: ConfigurationDecoder
    let members: [ConfigurationNode.Member]
    var codingPath: [any CodingKey] { decoder.codingPath }
    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.key) } }

    func contains(_ key: Key) -> Bool {
        decoder.record.add(key.stringValue, at: decoder.codingPath)
        return members.contains { $0.key.isExactly(key.stringValue) }
    }

    func decodeNil(forKey key: Key) throws -> Bool { try below(key).node.isNull }

    // The standard library's default implementations for other types call this one.
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try Value(from: below(key)) }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try below(key).bool() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try below(key).string() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try below(key).number(type) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try below(key).number(type) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try below(key).integer(type) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try below(key).integer(type) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try below(key).integer(type) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try below(key).integer(type) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try below(key).integer(type) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try below(key).integer(type) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try below(key).integer(type) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try below(key).integer(type) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try below(key).integer(type) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try below(key).integer(type) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try below(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try below(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { decoder }

    func superDecoder(forKey key: Key) throws -> any Decoder { try below(key) }

    private func below(_ key: Key) throws -> ConfigurationDecoder {
        decoder.record.add(key.stringValue, at: decoder.codingPath)
        guard let member = members.first(where: { $0.key.isExactly(key.stringValue) }) else {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: decoder.codingPath, debugDescription: "missing required key"))
        }
        return decoder.below(key, member.value)
    }
}

/// Decodes a list.
struct SettingsList: UnkeyedDecodingContainer {
    let decoder: ConfigurationDecoder
    let values: [ConfigurationNode]
    private(set) var currentIndex = 0

    init(decoder: ConfigurationDecoder, values: [ConfigurationNode]) {
        self.decoder = decoder
        self.values = values
    }

    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { values.count }
    var isAtEnd: Bool { currentIndex >= values.count }

    private struct Index: CodingKey {
        let intValue: Int?
        var stringValue: String { intValue.map(String.init) ?? "" }
        init(intValue: Int) { self.intValue = intValue }
        init?(stringValue: String) { nil }
    }

    private func current() throws -> ConfigurationDecoder {
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                String.self, .init(codingPath: codingPath, debugDescription: "too few values"))
        }
        return decoder.below(Index(intValue: currentIndex), values[currentIndex])
    }

    mutating func decodeNil() throws -> Bool {
        guard try current().node.isNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try Value(from: current())
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        let container = try current().container(keyedBy: type)
        currentIndex += 1
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try current().unkeyedContainer()
        currentIndex += 1
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let below = try current()
        currentIndex += 1
        return below
    }
}
