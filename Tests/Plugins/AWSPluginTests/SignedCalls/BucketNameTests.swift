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
        ])
    func rejected(name: String) {
        #expect(BucketName(name) == nil)
    }
}
