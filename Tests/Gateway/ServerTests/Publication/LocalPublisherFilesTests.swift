import FoundationEssentials
import GatewayPluginAPI
import GatewayTestSupport
import Synchronization
import Testing

@testable import GatewayServer

@Suite("Files of publishers", .hangs)
struct LocalPublisherFilesTests {
    private let folder: TemporaryFolder
    private let files: LocalPublisherFiles

    init() throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        files = LocalPublisherFiles(lockTimeout: HangDeadline.minutes * 60) {
            $0.hasPrefix("/") ? $0 : "\(folder.path)/\($0)"
        }
    }

    @Test("Files are world-readable, missing folders are created, and files are replaced atomically")
    func write() throws {
        try files.write(Array("one".utf8), to: "root/.well-known/document")
        try files.write(Array("two".utf8), to: "root/.well-known/document")
        #expect(try files.read("root/.well-known/document") == Array("two".utf8))
        #expect(try folder.permissions("root/.well-known/document") == 0o644)
        #expect(try folder.permissions("root/.well-known") == 0o755)
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/root/.well-known")
        #expect(left == ["document"])
    }

    @Test("A missing file is nil; an unreadable one has a reason")
    func read() throws {
        #expect(try files.read("none") == nil)
        #expect(try files.read("none/at/all") == nil)
        try folder.write("", to: "file")
        #expect(try files.read("file/below") == nil)
        let folderAsFile = #expect(throws: PublishError.self) { try files.read(".") }
        #expect(folderAsFile?.kind == .misconfigured)
        try folder.write(String(repeating: "x", count: LocalPublisherFiles.maximumSize + 1), to: "long")
        let tooLong = #expect(throws: PublishError.self) { try files.read("long") }
        #expect(tooLong?.message.contains("longer than 1048576 bytes") == true)
    }

    @Test("A failed write has the path and the reason")
    func unwritable() throws {
        try folder.write("", to: "file")
        let error = #expect(throws: PublishError.self) { try files.write([1], to: "file/below/document") }
        #expect(error?.kind == .misconfigured && error?.message.contains("cannot create the folder") == true)
    }

    private final class Occupancy: Sendable {
        private let state = Mutex((now: 0, most: 0))

        var most: Int { state.withLock { $0.most } }

        func enter() {
            state.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
        }

        func leave() { state.withLock { $0.now -= 1 } }
    }

    @Test("A lock has one holder")
    func locks() async throws {
        let inside = Occupancy()
        let files = files
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<50 {
                        try await files.locked("lock") { () throws(PublishError) in
                            inside.enter()
                            inside.leave()
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.most == 1)
    }
}
