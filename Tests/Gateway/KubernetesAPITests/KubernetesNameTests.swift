import KubernetesAPI
import Testing

@Suite("Kubernetes names")
struct KubernetesNameTests {
    @Test("A label is 1 to 63 of a-z, 0-9 and inner hyphens")
    func labels() {
        for good in ["a", "0", "kube-system", String(repeating: "a", count: 63)] {
            #expect(KubernetesName.isLabel(good))
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", "ä", "a ", String(repeating: "a", count: 64)] {
            #expect(!KubernetesName.isLabel(bad), "\(bad)")
        }
    }

    @Test("A subdomain is labels joined by dots, 253 bytes at most")
    func subdomains() {
        for good in ["a", "a.b", "build-robot.v2", String(repeating: "a", count: 253)] {
            #expect(KubernetesName.isSubdomain(good), "\(good)")
        }
        for bad in ["", ".", "a.", ".a", "a..b", "a.-b", "A.b", "a/b", String(repeating: "a", count: 254)] {
            #expect(!KubernetesName.isSubdomain(bad), "\(bad)")
        }
    }

    @Test("A key is a name, or a subdomain, a slash and a name")
    func keys() {
        for good in ["a", "A_b.c-9", "example.com/a", "a/\(String(repeating: "a", count: 63))"] {
            #expect(KubernetesName.isLabelKey(good), "\(good)")
            #expect(KubernetesName.isAnnotationKey(good), "\(good)")
        }
        for bad in ["", "/", "a/", "/a", "a/b/c", "-a", "a_", "a b", "ä", "a_b/c", String(repeating: "a", count: 64)] {
            #expect(!KubernetesName.isLabelKey(bad), "\(bad)")
            #expect(!KubernetesName.isAnnotationKey(bad), "\(bad)")
        }
        #expect(!KubernetesName.isLabelKey("Example.com/a"))
        #expect(KubernetesName.isAnnotationKey("Example.com/a"))
    }
}
