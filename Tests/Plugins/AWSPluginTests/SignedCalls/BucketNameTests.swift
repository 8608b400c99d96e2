import Testing

@testable import AWSPlugin

@Suite("A bucket name")
struct BucketNameTests {
    @Test(
        "is parsed, and is a host label unless it has dots",
        arguments: [
            ("abc", true), ("my-bucket-1", true), ("my.bucket", false), (String(repeating: "a", count: 63), true),
        ])
    func reads(name: String, isHostLabel: Bool) throws {
        let bucket = try #require(BucketName(name))
        #expect(bucket.description == name)
        #expect(bucket.isHostLabel == isHostLabel)
    }

    @Test(
        "is rejected where S3 would reject it",
        arguments: [
            "", "ab", String(repeating: "a", count: 64), "My-Bucket", "my_bucket", "-bucket", "bucket-", "a..b", ".abc",
            "abc.", "a.-b", "bucket/key", "bucket?x", "b\u{FC}cket", "bucket\n",
            "192.168.1.1", "0.0.0.0", "1.22.333.4444",
        ])
    func rejected(name: String) {
        #expect(BucketName(name) == nil)
    }

    @Test(
        "may consist of numbers where it has not the form of an IPv4 address",
        arguments: ["123", "1.2.3", "1.2.3.4.5", "1.2.3.4a"])
    func numbers(name: String) {
        #expect(BucketName(name) != nil)
    }

    @Test(
        "is reserved by its prefix or suffix (S3 User Guide, \"General purpose bucket naming rules\")",
        arguments: [
            ("xn--bucket", "xn--"), ("sthree-bucket", "sthree-"), ("sthree-configurator", "sthree-"),
            ("amzn-s3-demo-bucket", "amzn-s3-demo-"), ("bucket-s3alias", "-s3alias"), ("bucket--ol-s3", "--ol-s3"),
            ("bucket.mrap", ".mrap"), ("bucket--usw2-az1--x-s3", "--x-s3"), ("bucket--table-s3", "--table-s3"),
            ("my-xn--bucket", nil), ("sthree", nil), ("s3alias", nil), ("mrap", nil), ("bucket-s3alias-1", nil),
        ] as [(String, String?)])
    func reserved(name: String, part: String?) throws {
        #expect(try #require(BucketName(name)).reservedPart == part)
    }
}
