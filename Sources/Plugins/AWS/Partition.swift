/// A partition: a group of regions with separate accounts; the second part of an ARN.
enum Partition: String, Sendable, CaseIterable {
    case commercial = "aws"
    case china = "aws-cn"
    case govCloud = "aws-us-gov"

    /// The domain of its services' host names (AWS General Reference, "Service endpoints and quotas").
    var domain: String { self == .china ? "amazonaws.com.cn" : "amazonaws.com" }

    /// The host of the CloudFront API and the region of its signatures; nil where the partition has no CloudFront.
    var cloudFront: (host: String, region: String)? {
        switch self {
        case .commercial: ("cloudfront.amazonaws.com", "us-east-1")
        case .china: ("cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1")
        case .govCloud: nil
        }
    }
}
