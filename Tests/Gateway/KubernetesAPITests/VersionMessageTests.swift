import KubernetesAPI
import Testing

@Suite("The API server's version")
struct VersionMessageTests {
    @Test("Major and minor are read, and other members ignored")
    func good() {
        for (minor, wanted) in [("33", 33), ("28+", 28)] {
            let body = #"{"major":"1","minor":"\#(minor)","gitVersion":"v1.2.3","more":{}}"#
            #expect(VersionMessage.version(in: Array(body.utf8)) == KubernetesVersion(1, wanted))
        }
    }

    @Test(
        "An invalid version is nil",
        arguments: ["", "[]", "{}", #"{"major":1,"minor":33}"#, #"{"major":"1","minor":"x"}"#, #"{"major":"1"}"#])
    func bad(body: String) {
        #expect(VersionMessage.version(in: Array(body.utf8)) == nil)
    }
}
