/// A group of regions with accounts of its own: the second part of an ARN.
enum Partition: String, Sendable, CaseIterable {
    case commercial = "aws"
    case china = "aws-cn"
    case govCloud = "aws-us-gov"
}
