import Foundation
import GatewayCore
import GatewayTestSupport
import LocalFiles
import Testing

@testable import GatewayServer

@Suite("Permissions of a key directory")
struct PrivateDirectoryTests {
    let folder: TemporaryFolder
    let path: String
    let log = RecordedJSONLog()

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/key's"
    }

    private func create(_ mode: Int) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    private func open(user: UInt32 = DirectoryAccess.processUser) throws {
        _ = try PrivateDirectory(path: path, user: user, logger: log.logger)
    }

    @Test(
        "A directory that every user can write to is set to 0700 where the process owns it", arguments: [0o777, 0o702])
    func repaired(mode: Int) throws {
        try create(mode)
        try open()
        #expect(try folder.permissions("key's") == 0o700)
        #expect(log.text.contains("key directory permissions changed"))
        #expect(log.text.contains("\"from\":\"\(String(mode, radix: 8))\""))
    }

    @Test("It is refused where another user owns it, with the command that fixes it", arguments: [0o777, 0o1777])
    func refused(mode: Int) throws {
        try create(mode)
        let error = #expect(throws: StoreError.self) { try open(user: DirectoryAccess.processUser + 1) }
        let quoted = "'\(folder.path)/key'\\''s'"
        let command = "chown \(DirectoryAccess.processUser + 1) \(quoted) && chmod 0700 \(quoted)"
        #expect(error?.description.contains(command) == true)
        #expect(try folder.permissions("key's") == mode)
    }

    @Test("A group-writable directory is used, with a warning", arguments: [0o770, 0o2775])
    func group(mode: Int) throws {
        try create(mode)
        try open(user: DirectoryAccess.processUser + 1)
        #expect(log.text.contains("key directory is group-writable"))
        #expect(try folder.permissions("key's") == mode)
    }

    @Test("A directory that only its owner can write to is used as it is", arguments: [0o700, 0o755])
    func unchanged(mode: Int) throws {
        try create(mode)
        try open()
        #expect(log.text.isEmpty)
        #expect(try folder.permissions("key's") == mode)
    }
}
