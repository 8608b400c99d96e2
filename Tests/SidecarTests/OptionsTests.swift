import ExchangeClient
import Testing

@testable import Sidecar

@Suite("Settings")
struct OptionsTests {
    private func options(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Options {
        try Options(arguments: arguments, environment: { environment[$0] })
    }

    private func problems(_ arguments: [String], _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try options(arguments, environment)
            return []
        } catch {
            return (error as? Options.Problems)?.texts ?? ["\(error)"]
        }
    }

    @Test("A flag takes precedence over its variable, and other settings have defaults")
    func sources() throws {
        let read = try options(
            ["--server=https://a.example", "--endpoint", "one=/path/one", "--endpoint", "two"],
            ["STS_SERVER": "https://b.example", "STS_TOKEN_DIRECTORY": "/t/", "STS_TIMEOUT": "2m"])
        #expect(read.server?.host == "a.example")
        #expect(read.endpoints.map(\.path) == ["/path/one", "/two"])
        #expect(read.tokenFile(read.endpoints[0]) == "/t/one/token")
        #expect(read.timeout == 120 && read.tokenMode == 0o644 && read.caCache == "/t/.ca-bundle.pem")
        #expect(read.caFile == TrustedCertificates.systemBundle)
        #expect(read.linger == 0)
        let lingering = try options(
            [], ["STS_SERVER": "https://b.example", "STS_ENDPOINTS": "one", "STS_LINGER": "10m"])
        #expect(lingering.linger == 600)
    }

    @Test("All problems are reported at once")
    func allAtOnce() {
        let reported = problems(
            [
                "--endpoint=One", "--endpoint=two=x", "--wire=old", "--token-mode=9", "--timeout=1", "--nope",
                "--deadline=0s",
            ])
        for flag in ["--server", "\"One\"", "\"x\"", "--wire", "--token-mode", "--timeout", "--nope", "--deadline"] {
            #expect(reported.contains { $0.contains(flag) }, "\(flag) of \(reported)")
        }
    }

    @Test("The OpenUnison-compatible wire needs one endpoint and a server URL that ends in /token/user")
    func openUnison() throws {
        let read = try options(["--wire=stock", "--server=https://a.example/aws/token/user"])
        #expect(read.endpoints == [.init(name: "token", path: "/token")] && read.caCache == nil)
        #expect(!problems(["--wire=stock", "--server=https://a.example/aws"]).isEmpty)
        #expect(
            !problems(["--wire=stock", "--server=https://a.example/token/user", "--endpoint=a", "--endpoint=b"]).isEmpty
        )
    }

    @Test("A missing value, a duplicate flag and a duplicate endpoint are rejected")
    func duplicates() {
        let valid = ["--server=https://a.example", "--endpoint=one"]
        #expect(problems(valid).isEmpty)
        #expect(!problems(valid + ["--timeout"]).isEmpty)
        #expect(!problems(valid + ["--timeout=1s", "--timeout=2s"]).isEmpty)
        #expect(!problems(valid + ["--endpoint=one"]).isEmpty)
    }
}

@Suite("Server addresses")
struct ServerAddressTests {
    @Test("A host name, an address, a port and a path are parsed")
    func valid() throws {
        let name = try #require(ServerAddress("https://A.example/x/"))
        #expect(name.host == "a.example" && name.port == 443 && name.path == "/x" && !name.isAddress)
        #expect(name.authority == "a.example")
        let four = try #require(ServerAddress("https://127.0.0.1:8443"))
        #expect(four.isAddress && four.authority == "127.0.0.1:8443")
        let six = try #require(ServerAddress("https://[::1]:8443/"))
        #expect(six.isAddress && six.host == "::1" && six.authority == "[::1]:8443" && six.path == "")
    }

    @Test(
        "An invalid URL is rejected",
        arguments: [
            "", "a.example", "http://a.example", "https://", "https://:443", "https://a:0", "https://a:65536",
            "https://a:+1", "https://u@a", "https://a?b", "https://a#b", "https://a b", "https://[::1", "https://[]",
            "https://[g::]", "https://é.example", "https://a\r\nb",
        ])
    func invalid(text: String) { #expect(ServerAddress(text) == nil) }
}
