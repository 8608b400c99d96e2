import GatewayTestSupport
import JSON

/// Random Pods, the same for the same seed.
struct RandomPod {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func pod() -> JSONValue {
        var labels: [JSONValue.Member] = [.init("tremolo.io/example-role", random.oneIn(8) ? "false" : "true")]
        if random.oneIn(2) { labels.append(.init("tremolo.io/two-role", "")) }
        var annotations: [JSONValue.Member] = [.init("tremolo.io/example-role", .string(text()))]
        if !random.oneIn(4) { annotations.append(.init("tremolo.io/two-role", .string(text()))) }
        if random.oneIn(3) { annotations.append(.init("tremolo.io/skip-containers", "c1,c3;gone")) }
        if random.oneIn(5) { annotations.append(.init("tremolo.io/injected", "two")) }
        if random.oneIn(5) {
            annotations.append(.init("tremolo.io/user", .string("\(Int.random(in: 0...9_999, using: &random))")))
        }
        var spec: [JSONValue.Member] = [
            .init("containers", .array((0..<Int.random(in: 1...4, using: &random)).map { container("c\($0)") }))
        ]
        if random.oneIn(2) {
            let names = ["i0", "istio-proxy", "i2"].prefix(Int.random(in: 0...3, using: &random))
            spec.append(.init("initContainers", .array(names.map { container($0) })))
        } else if random.oneIn(4) {
            spec.append(.init("initContainers", .null))
        }
        if random.oneIn(2) {
            let volumes = (0..<Int.random(in: 0...2, using: &random)).map { index in
                JSONValue.object([.init("name", .string("v\(index)")), unknown(2)])
            }
            spec.append(.init("volumes", .array(volumes)))
        }
        if random.oneIn(3) { spec.append(.init("restartPolicy", random.oneIn(2) ? "Never" : "OnFailure")) }
        if random.oneIn(3) { spec.append(.init("hostNetwork", true)) }
        if random.oneIn(4) { spec.append(.init("securityContext", ["runAsUser": 0])) }
        let metadata: [JSONValue.Member] = [
            .init("labels", .object(labels.shuffled(using: &random))),
            .init("annotations", .object((annotations + [.init("o/~", "x")]).shuffled(using: &random))), unknown(2),
        ]
        return .object(
            [
                .init("kind", "Pod"), .init("metadata", .object(metadata.shuffled(using: &random))),
                .init("spec", .object((spec + [unknown(3)]).shuffled(using: &random))), unknown(3),
            ].shuffled(using: &random))
    }

    private mutating func container(_ name: String) -> JSONValue {
        var members: [JSONValue.Member] = [.init("name", .string(name)), unknown(3)]
        if random.oneIn(2) { members.append(.init("restartPolicy", "Always")) }
        if random.oneIn(2) {
            let variables: [JSONValue] = [
                ["name": "EXAMPLE_ROLE", "value": "mine"], ["name": "A"], ["name": "TWO_ROLE", "valueFrom": ["x": 1]],
            ]
            members.append(
                .init(
                    "env",
                    .array(Array(variables.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))))))
        } else if random.oneIn(3) {
            members.append(.init("env", .null))
        }
        if random.oneIn(2) {
            members.append(.init("volumeMounts", [["name": "v0", "mountPath": "/data/", unknownName(): 1]]))
        }
        return .object(members.shuffled(using: &random))
    }

    /// One line that the example provider accepts.
    private mutating func text() -> String {
        let letters = Array("ab$(){}~/\\\"' ;`")
        return "r"
            + String(
                (0..<Int.random(in: 0...12, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" })
    }

    private mutating func unknownName() -> String { "x-\(Int.random(in: 0...999, using: &random))/~é" }

    private mutating func unknown(_ depth: Int) -> JSONValue.Member { .init(unknownName(), value(depth)) }

    private mutating func value(_ depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: .null
        case 1: .bool(random.oneIn(2))
        case 2: .integer(Int.random(in: Int.min...Int.max, using: &random))
        case 3: .number(1.5)
        case 4: .string("\u{2028}\u{1F680}\n")
        case 5: []
        case 6: .array((0..<3).map { _ in value(depth - 1) })
        default: .object([unknown(depth - 1)])
        }
    }
}
