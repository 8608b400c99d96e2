import GatewayCore
import GatewayPluginAPI

/// Measures one evaluation of a filter of ten terms and its parsing, compared with ten plain string comparisons in the
/// same run, so that other load on the machine affects all times.
@main
enum FilterBenchmark {
    static let filters = [
        ("ten equalities, the last is true", equalities),
        ("ten substrings, the last is true", substrings),
    ]

    static let equalities =
        "(|" + (0..<9).map { "(namespace=team-\($0))" }.joined() + "(&(namespace=default)(saname=web)))"
    static let substrings = "(|" + (0..<9).map { "(namespace=team-*-\($0))" }.joined() + "(namespace=def*lt))"

    static let attributes = WorkloadAttributes(
        WorkloadIdentity(
            cluster: "production", namespace: "default", serviceAccount: .init(name: "web", uid: "uid"),
            pod: .init(name: "web-0", uid: "uid"), node: .init(name: "node-1", uid: "uid"),
            groups: ["system:serviceaccounts"], credentialID: nil),
        endpoint: "example")

    static func main() throws {
        let names = (0..<10).map { "team-\($0)" }
        let namespace = attributes.values(of: "namespace")?.first ?? ""
        let bare = median { for _ in 0..<1000 { keep(names.contains(namespace)) } } / 1000
        print("ten plain comparisons: \(text(bare))")
        for (title, constraint) in filters {
            let filter = try SearchFilter(parsing: constraint)
            guard filter.evaluate(attributes) == .true else { throw Unexpected() }
            let evaluation = median { for _ in 0..<1000 { keep(filter.evaluate(attributes) == .true) } } / 1000
            let parsing = median { for _ in 0..<100 { keep((try? SearchFilter(parsing: constraint)) != nil) } } / 100
            print(
                "\(title): evaluation \(text(evaluation)) (\((evaluation / bare).rounded()) × bare), "
                    + "parsing \(text(parsing))")
        }
    }

    struct Unexpected: Error {}

    /// The median of 101 rounds, after ten rounds as a warm-up.
    private static func median(_ body: () -> Void) -> Double {
        let clock = ContinuousClock()
        let rounds = (0..<111).map { _ in clock.measure(body) / .nanoseconds(1) }.dropFirst(10).sorted()
        return rounds[rounds.count / 2]
    }

    private static func text(_ nanoseconds: Double) -> String { "\(nanoseconds.rounded() / 1000) µs" }

    /// Prevents the optimizer from removing the work.
    @inline(never) private static func keep(_ value: Bool) { sink = value }
    nonisolated(unsafe) private static var sink = false
}
