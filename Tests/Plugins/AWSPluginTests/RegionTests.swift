import Testing

@testable import AWSPlugin

@Suite("A region's name")
struct RegionTests {
    @Test(
        "is valid by its form, and has a partition",
        arguments: [
            ("eu-central-1", Partition.commercial), ("ap-southeast-12", .commercial), ("cn-north-1", .china),
            ("us-gov-west-1", .govCloud), ("eusc-de-east-1", .europeanSovereign), ("us-iso-west-1", .iso),
            ("us-isob-east-1", .isoB), ("eu-isoe-west-1", .isoE), ("us-isof-south-1", .isoF),
            ("us-west-2", .commercial),
            ("mx-central-1", .commercial), ("il-central-1", .commercial), ("cn-northwest-1", .china),
        ])
    func reads(name: String, partition: Partition) throws {
        let region = try #require(Region(name))
        #expect(region.rawValue == name)
        #expect(region.partition == partition)
        #expect(Region(name, in: partition) == region)
        for other in Partition.allCases where other != partition { #expect(Region(name, in: other) == nil) }
    }

    @Test(
        "of an unknown prefix needs a partition",
        arguments: ["xx-central-1", "us-isog-east-1", "eu-isof-west-1", "eusc-fr-west-1", "us-east-west-1", "cn-a-b-1"])
    func unknownPrefix(name: String) {
        #expect(Region.isWellFormed(name))
        #expect(Region(name) == nil)
        #expect(Region(name, in: .isoF)?.partition == .isoF)
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
