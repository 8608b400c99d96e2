/// A partition: a group of regions with separate accounts; the second part of an ARN. Names, region prefixes and domains are
/// those of the AWS SDKs (botocore, `partitions.json`).
enum Partition: String, Sendable, CaseIterable {
    case commercial = "aws"
    case china = "aws-cn"
    case europeanSovereign = "aws-eusc"
    case iso = "aws-iso"
    case isoB = "aws-iso-b"
    case isoE = "aws-iso-e"
    case isoF = "aws-iso-f"
    case govCloud = "aws-us-gov"

    /// The domain of its services' host names.
    var domain: String {
        switch self {
        case .commercial, .govCloud: "amazonaws.com"
        case .china: "amazonaws.com.cn"
        case .europeanSovereign: "amazonaws.eu"
        case .iso: "c2s.ic.gov"
        case .isoB: "sc2s.sgov.gov"
        case .isoE: "cloud.adc-e.uk"
        case .isoF: "csp.hci.ic.gov"
        }
    }

    /// The host of the CloudFront API and the region of its signatures; nil where the partition has no CloudFront.
    var cloudFront: (host: String, region: String)? {
        switch self {
        case .commercial: ("cloudfront.amazonaws.com", "us-east-1")
        case .china: ("cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1")
        case .europeanSovereign, .iso, .isoB, .isoE, .isoF, .govCloud: nil
        }
    }

    /// The host of the console (AWS General Reference, "AWS Management Console").
    var console: String {
        switch self {
        case .commercial: "console.aws.amazon.com"
        case .china: "console.amazonaws.cn"
        case .govCloud: "console.amazonaws-us-gov.com"
        case .europeanSovereign: "console.amazonaws-eusc.eu"
        case .iso, .isoB, .isoE, .isoF: "console.\(domain)"
        }
    }

    /// The host of the IAM API and the region of its signatures (botocore, `endpoints.json`).
    var iam: (host: String, region: String) {
        switch self {
        case .commercial: ("iam.amazonaws.com", "us-east-1")
        case .china: ("iam.cn-north-1.amazonaws.com.cn", "cn-north-1")
        case .europeanSovereign: ("iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1")
        case .govCloud: ("iam.us-gov.amazonaws.com", "us-gov-west-1")
        case .iso: ("iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1")
        case .isoB: ("iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1")
        case .isoE: ("iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1")
        case .isoF: ("iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1")
        }
    }

    /// The partition of a well-formed region name, by its first words; nil where no partition is known for them.
    init?(ofRegion words: [Substring]) {
        switch (words.count, words.first, words.dropFirst().first) {
        case (4, "us", "gov"): self = .govCloud
        case (4, "us", "iso"): self = .iso
        case (4, "us", "isob"): self = .isoB
        case (4, "us", "isof"): self = .isoF
        case (4, "eu", "isoe"): self = .isoE
        case (4, "eusc", "de"): self = .europeanSovereign
        case (3, "cn", _): self = .china
        case (3, let first?, _) where Self.commercialAreas.contains(first): self = .commercial
        default: return nil
        }
    }

    /// The first words of the regions of `aws`.
    private static let commercialAreas: Set<Substring> = ["af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us"]

    /// All names, for error texts.
    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
