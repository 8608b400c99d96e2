/// Which members of a JSON text are read. The others are checked, but neither kept nor compared for duplicates, so that
/// they use no memory.
public indirect enum JSONSelection: Sendable {
    /// The whole value.
    case whole
    /// Of an object these members; of other values nothing is left out.
    case only([String: JSONSelection])
    /// Of an object all members but these, and of some the given part; of other values nothing is left out.
    case except(Set<String>, [String: JSONSelection] = [:])

    /// nil for the whole value.
    var part: JSONSelection? { if case .whole = self { nil } else { self } }

    /// What is read of a member; nil for nothing.
    func member(_ name: String) -> JSONSelection? {
        switch self {
        case .whole: .whole
        case .only(let members): members[name]
        case .except(let names, let members): names.contains(name) ? nil : members[name] ?? .whole
        }
    }
}
