/// This replica's clock, compared with the deciding one: the API server's, or with a key directory the issuer URLs'.
package struct ClockReading: Sendable, Equatable {
    /// Seconds by which this replica's clock is ahead; negative where it is behind.
    package let ahead: Double

    /// The greatest difference, in seconds, with which this replica leads and repairs times.
    package static let tolerance = 60.0

    /// What to do where this replica's clock could not be compared.
    package static let remedy =
        "with a key directory, synchronize this machine's clock (NTP) or enable publish.probe"

    package init(ahead: Double) { self.ahead = ahead }

    package var agrees: Bool { abs(ahead) <= Self.tolerance }

    /// Why this replica does not lead, for log and readiness; nil where its clock agrees.
    package var problem: String? {
        guard !agrees else { return nil }
        return "this replica's clock is \(Int(abs(ahead).rounded())) s \(ahead > 0 ? "ahead of" : "behind") the API "
            + "server's, or with a key directory the issuer URL's, so it does not rotate or publish; synchronize both "
            + "clocks (NTP)"
    }
}
