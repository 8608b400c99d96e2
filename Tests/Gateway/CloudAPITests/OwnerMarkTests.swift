import CloudAPI
import Testing

@Suite("The mark of provisioned resources")
struct OwnerMarkTests {
    private let mark = OwnerMark(cluster: "Prod EU", endpoint: "one", owner: "2ZbFzjvJm0m1nY1mGx9c4w")

    @Test("A description names cluster, endpoint and owner")
    func description() {
        #expect(mark.description == "STS Gateway: cluster prod-eu, endpoint one, owner 2ZbFzjvJm0m1nY1mGx9c4w")
        let long = OwnerMark(
            cluster: String(repeating: "c", count: 253), endpoint: String(repeating: "e", count: 63),
            owner: String(repeating: "o", count: 22))
        #expect(long.description.count <= 256)
    }

    @Test("Only a resource of the same cluster, endpoint and key ring is ours")
    func owner() {
        #expect(mark.owner(of: mark.description) == .ours)
        #expect(mark.owner(of: nil) == .nobody)
        #expect(mark.owner(of: "Keys of a team") == .nobody)
        for (cluster, endpoint, owner) in [("x", "one", "a"), ("prod-eu", "two", "a"), ("prod-eu", "one", "a")] {
            let other = OwnerMark(cluster: cluster, endpoint: endpoint, owner: owner)
            #expect(
                mark.owner(of: other.description)
                    == .foreign("cluster \(cluster), endpoint \(endpoint), owner \(owner)"))
        }
        #expect(mark.owner(of: mark.description + " ") != .ours)
    }
}
