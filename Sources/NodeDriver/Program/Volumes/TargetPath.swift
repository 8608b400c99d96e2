/// The place of a Pod's inline volume: `<kubelet folder>/pods/<uid>/volumes/kubernetes.io~csi/<name>/mount`. Each other
/// path is rejected, so that a request cannot name any other folder of the node.
struct TargetPath: Hashable {
    let podUID: String
    let volume: String

    private static let plugin = "kubernetes.io~csi"

    /// - Parameter kubeletFolder: an absolute path without a final slash.
    init?(_ path: String, kubeletFolder: String) {
        guard path.utf8.count <= 1024, path.utf8.starts(with: (kubeletFolder + "/").utf8) else { return nil }
        let rest = path.utf8.dropFirst(kubeletFolder.utf8.count + 1)
        let parts = rest.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { String($0) ?? "" }
        guard parts.count == 6, parts[0] == "pods", parts[2] == "volumes", parts[3] == Self.plugin, parts[5] == "mount",
            Self.isUID(parts[1]), DNSLabel.isValid(parts[4])
        else { return nil }
        podUID = parts[1]
        volume = parts[4]
    }

    init(podUID: String, volume: String) {
        self.podUID = podUID
        self.volume = volume
    }

    /// The folder of the volume, relative to the kubelet's folder `pods`. The kubelet creates it.
    var parent: String { "\(podUID)/volumes/\(Self.plugin)/\(volume)" }

    /// Hexadecimal digits and hyphens: a UUID, or the hash of a static Pod.
    static func isUID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) || byte == UInt8(ascii: "-")
            }
    }
}
