import Glibc
import Testing

@testable import NodeDriver

@Suite("Folders below an open folder")
struct NodeFolderTests {
    /// A folder that is removed at the end of a test.
    private func withFolder(_ body: (String, NodeFolder) throws -> Void) throws {
        var template = Array("/tmp/sts-node-folder-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = try NodeFolder.configured(path)
        try body(path, folder)
        try folder.removeContents(depth: 4)
        rmdir(path)
    }

    @Test("Component by component, a link at each level is rejected, as with openat2")
    func links() throws {
        try withFolder { path, folder in
            mkdir(path + "/a", 0o700)
            mkdir(path + "/a/b", 0o700)
            symlink("a", path + "/link")
            symlink("b", path + "/a/link")
            let opened = folder.openByComponent("a/b")
            #expect(opened >= 0)
            close(opened)
            for name in ["link/b", "a/link", "link"] {
                #expect(folder.openByComponent(name) == -1)
                #expect(errno == ELOOP || errno == ENOTDIR)
                #expect(throws: (any Error).self) { try folder.folder(name) }
            }
            #expect(folder.openByComponent("a/c") == -1)
            #expect(errno == ENOENT)
            let absent = try folder.folder("a/c")
            #expect(absent == nil)
        }
    }

    @Test("Contents are removed without following a link, and not deeper than one folder")
    func removal() throws {
        try withFolder { path, folder in
            mkdir(path + "/volume", 0o700)
            mkdir(path + "/outside", 0o700)
            mkdir(path + "/outside/kept", 0o700)
            symlink("../outside", path + "/volume/link")
            mkdir(path + "/volume/one", 0o700)
            symlink("../../outside", path + "/volume/one/link")
            let volume = try #require(try folder.folder("volume"))
            try volume.removeContents()
            #expect(volume.names.isEmpty)
            let kept = try folder.folder("outside/kept")
            #expect(kept != nil)
            mkdir(path + "/volume/one", 0o700)
            mkdir(path + "/volume/one/deep", 0o700)
            mkdir(path + "/volume/one/deep/deeper", 0o700)
            #expect(throws: (any Error).self) { try volume.removeContents() }
            let deeper = try folder.folder("volume/one/deep/deeper")
            #expect(deeper != nil)
        }
    }
}
