import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("A publish block")
struct PublishPlanTests {
    private static let role = "arn:aws:iam::111111111111:role/publisher"

    @Test("needs a bucket, its region and a role, and has defaults for the rest")
    func defaults() throws {
        let plan = try PublishPlan.example(
            #"{"bucket":"bucket","region":"eu-central-1","role":"\#(Self.role)"}"#, path: "/one")
        #expect(plan.location.bucket.rawValue == "bucket")
        #expect(plan.location.region.rawValue == "eu-central-1")
        #expect(plan.location.endpoint == nil)
        #expect(!plan.location.usesPathStyle)
        #expect(plan.keyPrefix == "")
        #expect(plan.issuerPath == "/one")
        #expect(plan.distribution == nil)
        #expect(plan.sources == [.selfIssued])
        #expect(plan.role?.description == Self.role)
        #expect(plan.authorityFile == nil)
        #expect(plan.sessionName == "sts-gateway.test.one")
        #expect(plan.endpointName == "one")
    }

    @Test(
        "calls the services of its partition",
        arguments: [
            (
                "eu-central-1", "aws", "https://sts.eu-central-1.amazonaws.com", "https://cloudfront.amazonaws.com",
                "us-east-1"
            ),
            (
                "cn-north-1", "aws-cn", "https://sts.cn-north-1.amazonaws.com.cn",
                "https://cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"
            ),
            ("us-gov-west-1", "aws-us-gov", "https://sts.us-gov-west-1.amazonaws.com", nil, nil),
            ("eusc-de-east-1", "aws-eusc", "https://sts.eusc-de-east-1.amazonaws.eu", nil, nil),
            ("us-iso-east-1", "aws-iso", "https://sts.us-iso-east-1.c2s.ic.gov", nil, nil),
            ("us-isob-east-1", "aws-iso-b", "https://sts.us-isob-east-1.sc2s.sgov.gov", nil, nil),
            ("eu-isoe-west-1", "aws-iso-e", "https://sts.eu-isoe-west-1.cloud.adc-e.uk", nil, nil),
            ("us-isof-south-1", "aws-iso-f", "https://sts.us-isof-south-1.csp.hci.ic.gov", nil, nil),
        ])
    func partitions(region: String, partition: String, sts: String, cloudFront: String?, signed: String?) throws {
        let role = "arn:\(partition):iam::111111111111:role/publisher"
        let plan = try PublishPlan.example(#"{"bucket":"bucket","region":"\#(region)","role":"\#(role)"}"#)
        #expect(plan.stsEndpoint.url == sts)
        #expect(plan.cloudFront?.endpoint.url == cloudFront)
        #expect(plan.cloudFront?.region == signed)
    }

    @Test("calls the services of the configured partition where the region's prefix is unknown")
    func configuredPartition() throws {
        let plan = try PublishPlan.example(
            """
            {"bucket": "bucket", "region": "xx-north-1", "partition": "aws-eusc",
             "role": "arn:aws-eusc:iam::111111111111:role/publisher"}
            """)
        #expect(plan.stsEndpoint.url == "https://sts.xx-north-1.amazonaws.eu")
    }

    @Test("has any bucket name that is not an address where another store than S3 is configured")
    func otherStore() throws {
        let plan = try PublishPlan.example(
            """
            {"bucket": "sthree-bucket.mrap", "region": "eu-central-1", "credentials": ["environment"],
             "endpoints": {"s3": "https://storage.example.com"}}
            """)
        #expect(plan.location.bucket.rawValue == "sthree-bucket.mrap")
    }

    @Test(
        "is rejected for a bucket that S3 rejects, or a region whose partition is unknown",
        arguments: [
            ("192.168.1.1", "eu-central-1", "publish.bucket", "not an IPv4 address"),
            ("xn--bucket", "eu-central-1", "publish.bucket", #"without "xn--", which S3 reserves"#),
            ("bucket-s3alias", "eu-central-1", "publish.bucket", #"without "-s3alias""#),
            ("bucket", "xx-north-1", "publish.region", "set publish.partition"),
            ("bucket", "Frankfurt", "publish.region", "expected a name such as eu-central-1"),
        ])
    func refusedBucket(bucket: String, region: String, key: String, text: String) throws {
        let settings = try AWSProvider.PublisherSettings.example(
            #"{"bucket":"\#(bucket)","region":"\#(region)","credentials":["imds"]}"#)
        let endpoint = try #require(Endpoint.example())
        let error = #expect(throws: SettingsErrors.self) { try PublishPlan(settings, for: endpoint) }
        #expect(error?.errors.map(\.key) == [key])
        #expect(error?.errors.first?.message.contains(text) == true, "\(String(describing: error))")
    }

    @Test("uses the endpoint overrides of the block")
    func endpoints() throws {
        let plan = try PublishPlan.example(
            """
            {"bucket": "bucket", "region": "us-gov-west-1", "credentials": ["environment"], "distribution": "E1",
             "endpoints": {
               "s3": "http://127.0.0.1:9000", "sts": "https://sts.example.com/", "cloudfront": "https://cf/x"
             },
             "caFile": "ca.pem", "profile": "publisher"}
            """)
        #expect(plan.location.endpoint?.url == "http://127.0.0.1:9000")
        #expect(plan.location.usesPathStyle)
        #expect(plan.stsEndpoint.url == "https://sts.example.com")
        #expect(plan.cloudFront?.endpoint.url == "https://cf/x")
        #expect(plan.cloudFront?.region == "us-east-1")
        #expect(plan.authorityFile == "ca.pem")
        #expect(plan.profile == "publisher")
    }

    @Test(
        "uses path-style where configured, or where the endpoint is an IP address",
        arguments: [
            (#""endpoints":{"s3":"https://s3.example.com"}"#, false), (#""pathStyle":true"#, true),
            (#""pathStyle":false,"endpoints":{"s3":"http://[::1]:9000"}"#, false),
            (#""endpoints":{"s3":"http://[::1]:9000"}"#, true),
        ])
    func pathStyle(more: String, usesPathStyle: Bool) throws {
        let plan = try PublishPlan.example(
            #"{"bucket":"bucket","region":"eu-central-1","credentials":["imds"],\#(more)}"#)
        #expect(plan.location.usesPathStyle == usesPathStyle)
    }

    @Test(
        "rejects an encryption that S3 does not have",
        arguments: [
            (#""serverSideEncryption":"aes256""#, "publish.serverSideEncryption", "one of AES256, aws:kms"),
            (#""kmsKeyId":"k""#, "publish.kmsKeyId", "needs publish.serverSideEncryption"),
            (#""serverSideEncryption":"AES256","kmsKeyId":"k""#, "publish.kmsKeyId", "does not go with AES256"),
            (#""serverSideEncryption":"aws:kms","kmsKeyId":"a\r\nb""#, "publish.kmsKeyId", "the ARN or the id"),
            (#""serverSideEncryption":"aws:kms","kmsKeyId":"""#, "publish.kmsKeyId", "the ARN or the id"),
        ])
    func encryption(more: String, key: String, text: String) throws {
        let settings = try AWSProvider.PublisherSettings.example(
            #"{"bucket":"bucket","region":"eu-central-1","credentials":["imds"],\#(more)}"#)
        let endpoint = try #require(Endpoint.example())
        let error = #expect(throws: SettingsErrors.self) { try PublishPlan(settings, for: endpoint) }
        #expect(error?.errors.map(\.key) == [key])
        #expect(error?.errors.first?.message.contains(text) == true, "\(String(describing: error))")
    }

    @Test(
        "forms object keys from prefix, issuer path and document path",
        arguments: [
            ("", "", "certs", ".well-known/openid-configuration"),
            ("", "/one/two", "one/two/certs", "one/two/.well-known/openid-configuration"),
            ("issuers", "", "issuers/certs", "issuers/.well-known/openid-configuration"),
            ("/a//b/", "/one", "a/b/one/certs", "a/b/one/.well-known/openid-configuration"),
            ("/", "", "certs", ".well-known/openid-configuration"),
        ])
    func keys(prefix: String, path: String, keys: String, discovery: String) throws {
        let plan = try PublishPlan.example(
            #"{"bucket":"bucket","region":"eu-central-1","credentials":["imds"],"prefix":"\#(prefix)"}"#, path: path)
        #expect(plan.key(of: .keys) == keys)
        #expect(plan.key(of: .discovery) == discovery)
    }

    @Test("reports all errors at once, each with its key")
    func allAtOnce() throws {
        let settings = try AWSProvider.PublisherSettings.example(
            """
            {"bucket": "My_Bucket", "region": "Frankfurt", "prefix": "a b", "distribution": "e1", "role": "publisher",
             "credentials": ["self", "self", "vault"],
             "endpoints": {"s3": "s3.example.com", "sts": "ftp://x", "cloudfront": "https://x?y"}}
            """)
        let endpoint = try #require(Endpoint.example())
        let error = #expect(throws: SettingsErrors.self) { try PublishPlan(settings, for: endpoint) }
        #expect(
            error?.errors.map(\.key) == [
                "publish.bucket", "publish.region", "publish.prefix", "publish.endpoints.s3", "publish.endpoints.sts",
                "publish.endpoints.cloudfront", "publish.distribution", "publish.credentials", "publish.credentials",
                "publish.role",
            ])
        for error in error?.errors ?? [] {
            #expect(error.message.last != "." && error.message.first?.isUppercase != true, "\(error.message)")
        }
    }

    @Test(
        "is rejected",
        arguments: [
            (#""credentials":[]"#, "publish.credentials", "is empty"),
            (#""credentials":["imds","Self"]"#, "publish.credentials", #""Self""#),
            (#""credentials":["imds","imds"]"#, "publish.credentials", "without duplicates"),
            (#""credentials":["self"]"#, "publish.role", "missing required key"),
            (#""prefix":"x""#, "publish.role", "missing required key"),
            (#""role":"arn:aws-cn:iam::111111111111:role/a""#, "publish.role", "the region's partition, aws"),
            (#""credentials":["imds"],"prefix":"a/../b""#, "publish.prefix", "without . and .."),
            (#""credentials":["imds"],"prefix":"./b""#, "publish.prefix", "without . and .."),
            (#""credentials":["imds"],"distribution":"""#, "publish.distribution", "E1BKYHE1TT8Z10"),
            (#""credentials":["imds"],"distribution":"E1/../E2""#, "publish.distribution", "E1BKYHE1TT8Z10"),
            (#""credentials":["imds"],"endpoints":{"s3":"https://a/../b"}"#, "publish.endpoints.s3", "a URL"),
        ])
    func rejected(more: String, key: String, text: String) throws {
        let settings = try AWSProvider.PublisherSettings.example(
            #"{"bucket":"bucket","region":"eu-central-1",\#(more)}"#)
        let endpoint = try #require(Endpoint.example())
        let error = #expect(throws: SettingsErrors.self) { try PublishPlan(settings, for: endpoint) }
        #expect(error?.errors.map(\.key) == [key])
        #expect(error?.errors.first?.message.contains(text) == true, "\(String(describing: error))")
    }

    @Test(
        "rejects a distribution in a partition that has no CloudFront",
        arguments: [("us-gov-east-1", "aws-us-gov"), ("eusc-de-east-1", "aws-eusc"), ("us-iso-east-1", "aws-iso")])
    func noCloudFront(region: String, partition: String) throws {
        let settings = try AWSProvider.PublisherSettings.example(
            #"{"bucket":"bucket","region":"\#(region)","credentials":["imds"],"distribution":"E1"}"#)
        let endpoint = try #require(Endpoint.example())
        let error = #expect(throws: SettingsErrors.self) { try PublishPlan(settings, for: endpoint) }
        #expect(error?.errors.map(\.key) == ["publish.distribution"])
        #expect(error?.errors.first?.message.contains("the partition \(partition)") == true)
    }
}
