import Foundation
import Testing

@Suite("The demo", .wholeProcesses)
struct DemoAcceptanceTests {
    @Test("make demo ONCE=1 passes: a strict STS accepts the token, and the other account rejects it")
    func demo() async throws {
        let demo = try await ChildProcess.run(
            "\(Place.repository)/scripts/demo", [], environment: ["ONCE": "1", "STS_GATEWAY": Place.gateway],
            workingDirectory: Place.repository)
        #expect(demo.status == 0, "\(demo.output)\n\(demo.errors)")
        #expect(demo.output.hasSuffix("demo: all steps passed\n"))
        #expect(demo.output.contains("InvalidIdentityToken"))
    }
}
