import FoundationEssentials

/// When the next of repeated steps follows.
enum StepTime: Sendable {
    case atOnce
    /// After this many seconds, or on a change.
    case after(Double)
    /// At that time, or on a change; nil for a change only.
    case at(Date?)
    /// Never: the steps end.
    case never
}
