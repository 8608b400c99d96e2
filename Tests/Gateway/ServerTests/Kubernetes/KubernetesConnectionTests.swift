import FoundationEssentials
import GatewayTestSupport
import Kubernetes
import Testing

@testable import GatewayServer

@Suite("The connection to the API server")
struct KubernetesConnectionTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("Problems of a kubeconfig are reported with the name of the file")
    func kubeconfig() throws {
        let path = folder.path + "/config"
        func problems() -> [String] {
            do throws(KubernetesConnectionError) {
                _ = try KubernetesConnection.read(path)
                return []
            } catch {
                return error.problems
            }
        }
        #expect(problems() == ["\(path): not readable; expected a readable kubeconfig file"])
        try folder.write("a: [", to: "config")
        #expect(problems().first?.hasPrefix("\(path):") == true)
        try folder.write("kind: Config", to: "config")
        #expect(
            problems() == [
                "\(path): current-context: missing required key; name one of the contexts (kubectl config use-context NAME)"
            ])
    }

    @Test("A kubeconfig that is not UTF-8 is an error")
    func notUTF8() throws {
        try Data(Array("current-context: \"".utf8) + [0xFF, 0x22]).write(to: URL(filePath: "\(folder.path)/config"))
        let error = #expect(throws: KubernetesConnectionError.self) {
            try KubernetesConnection.read("\(folder.path)/config")
        }
        #expect(error?.problems.count == 1 && error?.problems.first?.contains("UTF-8") == true)
    }
}
