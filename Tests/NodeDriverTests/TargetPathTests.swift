import Testing

@testable import NodeDriver

@Suite("The path of a volume")
struct TargetPathTests {
    private let folder = "/var/lib/kubelet"
    private let uid = "0b9ab7b5-2b7f-4c5e-8d3f-1f6a2c9e4d10"

    @Test("The path of an inline volume is accepted")
    func accepted() throws {
        let path = try #require(
            TargetPath(
                "\(folder)/pods/\(uid)/volumes/kubernetes.io~csi/sts-tokens/mount", kubeletFolder: folder))
        #expect(path.podUID == uid)
        #expect(path.volume == "sts-tokens")
        #expect(path.parent == "\(uid)/volumes/kubernetes.io~csi/sts-tokens")
    }

    @Test(
        "Each other path is rejected",
        arguments: [
            "/pods/U/volumes/kubernetes.io~csi/v/mount/", "/pods/U/volumes/kubernetes.io~csi/v",
            "/pods/U/volumes/kubernetes.io~csi/../mount", "/pods/../volumes/kubernetes.io~csi/v/mount",
            "/pods/U/volumes/kubernetes.io~csi/v/../mount", "//pods/U/volumes/kubernetes.io~csi/v/mount",
            "/pods//volumes/kubernetes.io~csi/v/mount", "/pods/U/volumes/kubernetes.io~csi//mount",
            "/pods/U/volumes/kubernetes.io~projected/v/mount", "/pods/U/volumes/kubernetes.io~csi/V/mount",
            "/pods/U/volumes/kubernetes.io~csi/v\u{0}/mount", "/pods/U/volumes/kubernetes.io~csi/v/mount\u{301}", "",
        ])
    func rejected(_ rest: String) {
        let rest = rest.replacing("U", with: uid)
        #expect(TargetPath(folder + rest, kubeletFolder: folder) == nil)
    }

    @Test("A path of another folder of the same prefix is rejected")
    func otherFolder() {
        #expect(
            TargetPath(
                "\(folder)-2/pods/\(uid)/volumes/kubernetes.io~csi/v/mount", kubeletFolder: folder) == nil)
    }
}
