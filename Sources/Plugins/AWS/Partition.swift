/// A group of regions with accounts of its own: the second part of an ARN.
enum Partition: String, Sendable, CaseIterable {
    case commercial = "aws"
    case china = "aws-cn"
    case govCloud = "aws-us-gov"

    /// What its services' host names end in (AWS General Reference, "Service endpoints and quotas").
    var domain: String { self == .china ? "amazonaws.com.cn" : "amazonaws.com" }

    /// Where CloudFront is called, and the region that such a call is signed for; nil where there is none.
    var cloudFront: (host: String, region: String)? {
        switch self {
        case .commercial: ("cloudfront.amazonaws.com", "us-east-1")
        case .china: ("cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1")
        case .govCloud: nil
        }
    }
}
