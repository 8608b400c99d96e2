import Testing

@testable import AWSPlugin

@Suite("The name of a role's session")
struct RoleSessionNameTests {
    @Test("is the namespace, a dot and the ServiceAccount")
    func short() {
        #expect(RoleSessionName(namespace: "myns", serviceAccountName: "my-sa.one").rawValue == "myns.my-sa.one")
    }

    @Test("has a hyphen for each byte that STS does not accept")
    func foreignCharacters() {
        #expect(RoleSessionName(namespace: "a b", serviceAccountName: "c:d/é").rawValue == "a-b.c-d---")
        #expect(RoleSessionName(namespace: "A_+=,", serviceAccountName: "@.-9").rawValue == "A_+=,.@.-9")
    }

    @Test("is complete up to 64 characters, and cut with a hash beyond")
    func long() {
        let whole = RoleSessionName(namespace: "n", serviceAccountName: String(repeating: "s", count: 62)).rawValue
        #expect(whole == "n." + String(repeating: "s", count: 62))
        let cut = RoleSessionName(namespace: "n", serviceAccountName: String(repeating: "s", count: 63)).rawValue
        #expect(cut.utf8.count == 64)
        #expect(cut.hasPrefix("n." + String(repeating: "s", count: 45) + "-"))
    }

    @Test("differs between long names that differ only after the cut")
    func apart() {
        let name = String(repeating: "s", count: 100)
        let one = RoleSessionName(namespace: "n", serviceAccountName: name + "1")
        let two = RoleSessionName(namespace: "n", serviceAccountName: name + "2")
        #expect(one != two)
        #expect(one == RoleSessionName(namespace: "n", serviceAccountName: name + "1"))
    }
}
