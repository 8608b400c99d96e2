import Testing

@testable import AWSPlugin

@Suite("A region's name")
struct RegionTests {
    @Test(
        "is valid by its form, and has a partition",
        arguments: [
            ("eu-central-1", Partition.commercial), ("ap-southeast-12", .commercial), ("cn-north-1", .china),
            ("us-gov-west-1", .govCloud),
        ])
    func reads(name: String, partition: Partition) throws {
        let region = try #require(Region(name))
        #expect(region.rawValue == name)
        #expect(region.partition == partition)
    }

    @Test(
        "is rejected in another form",
        arguments: [
            "", "eu", "eu-central", "eu-central-", "EU-central-1", "eu-central-01", "eu-central-123", "eu_central_1",
            "eu-central-1a", "eu-central-1\n", "-central-1", "eu--1", "e-central-1", "eu-central-\u{0661}",
            "eu-" + String(repeating: "x", count: 40) + "-1",
        ])
    func rejected(name: String) {
        #expect(Region(name) == nil)
    }
}
