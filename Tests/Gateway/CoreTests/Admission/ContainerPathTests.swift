import GatewayTestSupport
import Testing

@testable import GatewayCore

@Suite("Paths in a container")
struct ContainerPathTests {
    @Test("A cleaned path has no empty part, dot or final slash, and the same names, for any path")
    func cleaned() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<5_000 {
            let parts = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                ["", ".", "..", "a", ".b", "c.", "é"].randomElement(using: &random) ?? ""
            }
            let path = (random.oneIn(4) ? "" : "/") + parts.joined(separator: "/") + (random.oneIn(4) ? "/" : "")
            var names: [String] = []
            for part in parts {
                if part == ".." { _ = names.popLast() } else if part != "", part != "." { names.append(part) }
            }
            #expect(ContainerPath.cleaned(path) == "/" + names.joined(separator: "/"), "\(path)")
        }
    }

    @Test("A path is below a folder where it continues after a slash")
    func below() {
        #expect(ContainerPath.isBelow("/var/run/x", "/var/run"))
        #expect(ContainerPath.isBelow("/var/run/", "/var/run"))
        for path in ["/var/run", "/var/runs", "/var", "/", "/x/var/run/x"] {
            #expect(!ContainerPath.isBelow(path, "/var/run"))
        }
        #expect(ContainerPath.isBelow("/a", "/") && !ContainerPath.isBelow("/", "/"))
    }
}
