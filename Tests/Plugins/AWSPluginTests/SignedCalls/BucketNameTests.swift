import Testing

@testable import AWSPlugin

@Suite("A bucket's name")
struct BucketNameTests {
    @Test(
        "is read, and stands in a host name unless it has dots",
        arguments: [
            ("abc", true), ("my-bucket-1", true), ("my.bucket", false), (String(repeating: "a", count: 63), true),
        ])
    func reads(name: String, fitsHostName: Bool) throws {
        let bucket = try #require(BucketName(name))
        #expect(bucket.description == name)
        #expect(bucket.fitsHostName == fitsHostName)
    }

    @Test(
        "is refused where S3 would refuse it",
        arguments: [
            "", "ab", String(repeating: "a", count: 64), "My-Bucket", "my_bucket", "-bucket", "bucket-", "a..b", ".abc",
            "abc.", "a.-b", "bucket/key", "bucket?x", "b\u{FC}cket", "bucket\n",
        ])
    func refused(name: String) {
        #expect(BucketName(name) == nil)
    }
}
