import Testing

@testable import NodeDriver

@Suite("The wire format of Protocol Buffers")
struct ProtobufTests {
    @Test("What is written is read, and unknown fields of each wire type are skipped")
    func roundTrip() throws {
        var entry = ProtobufWriter()
        entry.append(1, "key")
        entry.append(2, String(repeating: "v", count: 300))
        var writer = ProtobufWriter()
        writer.append(1, "volume")
        writer.append(4, "/path")
        writer.append(6, true)
        writer.append(7, entry.bytes)
        writer.append(8, entry.bytes)
        // Fields 12 and 13 of the wire types 1 and 5, and a field of 5,000 bytes.
        let unknown: [UInt8] = [12 << 3 | 1] + Array(repeating: 1, count: 8) + [13 << 3 | 5, 1, 1, 1, 1]
        writer.append(9, Array(repeating: UInt8(0), count: 5000))
        let message = try PublishMessage((unknown + writer.bytes)[...])
        #expect(message.volumeID == "volume")
        #expect(message.targetPath == "/path")
        #expect(message.isReadOnly)
        #expect(message.secrets == ["key": String(repeating: "v", count: 300)])
        #expect(message.volumeContext == message.secrets)
        #expect("\(message)" == "(a publish request)")
    }

    @Test(
        "A malformed message is rejected",
        arguments: [
            [0xFF], [0x0A, 0x05, 0x61], [0x0A, 0x01, 0xFF], [0x0B], [0x09, 1, 2], [0x0D, 1],
            [0x30] + Array(repeating: 0xFF, count: 9) + [0x02], [0x3A, 0x02, 0x0A, 0x05],
        ] as [[UInt8]])
    func malformed(_ bytes: [UInt8]) {
        #expect(throws: ProtobufReader.Malformed.self) { try PublishMessage(bytes[...]) }
    }

    @Test("A message of gRPC is percent-encoded and has a limit")
    func encodedMessage() {
        #expect(RPCError(.unavailable, "100 % ü\n").encodedMessage == "100 %25 %C3%BC%0A (STS1911)")
        #expect(RPCError(.unavailable, String(repeating: "x", count: 5000)).encodedMessage.utf8.count == 2048)
    }
}
