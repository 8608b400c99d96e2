import Testing

@testable import NodeDriver

@Suite("A publish request")
struct VolumeRequestTests {
    private static let folder = "/var/lib/kubelet"

    private func request(_ attributes: [String: String]) throws -> VolumeRequest {
        var message = PublishMessage()
        message.volumeID = "csi-1"
        message.targetPath =
            "\(Self.folder)/pods/0b9ab7b5-2b7f-4c5e-8d3f-1f6a2c9e4d10/volumes/kubernetes.io~csi/sts-tokens/mount"
        message.isReadOnly = true
        message.volumeContext = attributes.merging(["csi.storage.k8s.io/ephemeral": "true"]) { $1 }
        return try VolumeRequest(message, kubeletFolder: Self.folder)
    }

    /// The longest names of as many endpoints as a volume may have.
    private static let longest = (10..<26).map { "\($0)" + String(repeating: "a", count: 61) }.joined(separator: ",")

    @Test("The longest endpoints and lifetimes are accepted")
    func longest() throws {
        let lifetimes = Self.longest.split(separator: ",").map { "\($0)=86400s" }.joined(separator: ",")
        let request = try request(["endpoints": Self.longest, "lifetimes": lifetimes])
        #expect(request.endpoints.count == 16 && request.endpoints.allSatisfy { $0.lifetime == 86_400 })
        #expect(Self.longest.utf8.count <= VolumeRequest.maximumLengths.endpoints)
        #expect(lifetimes.utf8.count <= VolumeRequest.maximumLengths.lifetimes)
    }

    @Test("An attribute that is longer in bytes is rejected, also where its characters are few")
    func tooLong() {
        let combining = String(repeating: "\u{301}", count: 600_000)
        for endpoints in ["\(Self.longest),z", "one" + combining, String(repeating: ",", count: 900_000)] {
            #expect(throws: RPCError.self) { try request(["endpoints": endpoints]) }
        }
        for lifetimes in ["one=600s" + combining, String(repeating: "one=600s,", count: 300)] {
            #expect(throws: RPCError.self) { try request(["endpoints": "one", "lifetimes": lifetimes]) }
        }
        let files = "{\"one/a\": \"\(String(repeating: "a", count: 65_536))\"}"
        #expect(throws: RPCError.self) { try request(["endpoints": "one", "files": files]) }
    }
}
