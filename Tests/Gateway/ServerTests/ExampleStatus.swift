import FoundationEssentials
import GatewayCore

/// A small status report.
enum ExampleStatus {
    static var report: StatusReport {
        StatusReport(
            version: "test", cluster: "test", time: ExampleGateway.now, started: ExampleGateway.now, replica: "one",
            isLeading: true, checks: [], replicas: .init(leader: "one"), endpoints: [], failures: [], exchanges: [],
            reviews: [], uninjected: nil)
    }
}
