import ExchangeClient
import Testing

@testable import NodeDriver

@Suite("Settings of the node driver")
struct NodeOptionsTests {
    private let required = [
        "--driver", "sts-node.example.com", "--node-id", "n", "--server", "https://gateway", "--audience", "a",
    ]

    @Test("Flags take precedence over environment variables")
    func precedence() throws {
        let options = try NodeOptions(
            arguments: required + ["--kubelet-folder=/data/kubelet//", "--admin-listen", "[::]:9808"],
            environment: { ["STS_NODE_DRIVER": "other", "STS_NODE_STORAGE": "files", "STS_TIMEOUT": "7"][$0] })
        #expect(options.driver == "sts-node.example.com")
        #expect(options.storage == .files)
        #expect(options.timeout == 7)
        #expect(options.socket == "/data/kubelet/plugins/sts-node.example.com/csi.sock")
        #expect(options.registrationSocket == "/data/kubelet/plugins_registry/sts-node.example.com-reg.sock")
        #expect(options.admin?.host == "::")
        #expect(options.admin?.port == 9808)
    }

    @Test("All problems are reported at once")
    func problems() {
        let error = #expect(throws: NodeOptions.Problems.self) {
            try NodeOptions(
                arguments: [
                    "--driver", "../x", "--server", "http://gateway", "--storage", "disk", "--token-mode", "044",
                    "--concurrency", "0", "--kubelet-folder", "kubelet", "--admin-listen", ":1", "--what",
                ], environment: { _ in nil })
        }
        #expect(error?.texts.count == 10)
    }

    @Test("The settings of endpoints have paths and renewal rules")
    func endpointSettings() {
        let settings = EndpointSettings.settings(
            Array(#"{"one": {"path": "/accounts/prod", "renewBefore": 60}, "two": {}}"#.utf8))
        #expect(settings?["one"] == .init(path: "/accounts/prod", remaining: 60))
        #expect(settings?["two"] == .init(path: "/two"))
        for text in ["[]", "{", #"{"One": {}}"#, #"{"one": {"path": "/a b"}}"#, #"{"one": {"path": "x"}}"#] {
            #expect(EndpointSettings.settings(Array(text.utf8)) == nil)
        }
    }
}
