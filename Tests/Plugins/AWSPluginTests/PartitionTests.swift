import Testing

@testable import AWSPlugin

@Suite("A partition")
struct PartitionTests {
    @Test(
        "has the name and the domain of the AWS SDKs",
        arguments: [
            ("aws", "amazonaws.com"), ("aws-cn", "amazonaws.com.cn"), ("aws-eusc", "amazonaws.eu"),
            ("aws-iso", "c2s.ic.gov"), ("aws-iso-b", "sc2s.sgov.gov"), ("aws-iso-e", "cloud.adc-e.uk"),
            ("aws-iso-f", "csp.hci.ic.gov"), ("aws-us-gov", "amazonaws.com"),
        ])
    func domains(name: String, domain: String) throws {
        let partition = try #require(Partition(rawValue: name))
        #expect(partition.domain == domain)
        #expect(try RoleARN("arn:\(name):iam::111111111111:role/demo").partition == partition)
    }

    @Test("is one of eight")
    func count() {
        #expect(Partition.allCases.count == 8)
    }
}
