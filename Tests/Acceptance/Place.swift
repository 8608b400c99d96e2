import Foundation

/// Paths of the repository and the build.
enum Place {
    /// The folder of the built programs: that of the test program itself.
    static var programs: String {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    }

    static var gateway: String { "\(programs)/sts-gateway" }

    static var sidecar: String { "\(programs)/sts-sidecar" }

    static var repository: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
    }

    /// The Python with the peers' packages, as scripts/install-tools makes it.
    static var python: String { "\(repository)/.venv/bin/python" }

    static func peer(_ name: String) -> String { "\(repository)/Tests/Peers/\(name)" }
}
