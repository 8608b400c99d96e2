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

    @Test("A path that is elsewhere is neither the tokens' folder nor above or below it, with or without the link")
    func elsewhere() {
        var random = SeededRandom(seed: 11)
        var found = 0
        for _ in 0..<20_000 {
            let parts = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                ["", ".", "..", "var", "run", "secrets", "sts", "data", "safe"].randomElement(using: &random) ?? ""
            }
            var path = (random.oneIn(4) ? "" : "/") + parts.joined(separator: "/") + (random.oneIn(4) ? "/" : "")
            guard path.withUTF8(ContainerPath.isElsewhere) else { continue }
            found += 1
            let cleaned = ContainerPath.withoutLink(ContainerPath.cleaned(path))
            for folder in [InjectedNames.tokenFolder, ContainerPath.withoutLink(InjectedNames.tokenFolder)] {
                #expect(cleaned != folder && cleaned != "/", "\(path)")
                #expect(!ContainerPath.isBelow(cleaned, folder), "\(path)")
                #expect(!ContainerPath.isBelow(folder, cleaned), "\(path)")
            }
        }
        #expect(found > 500)
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
