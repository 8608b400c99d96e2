/// The first of several elements that has each value.
struct FirstHolders<Value: Hashable> {
    private var indices: [Value: Int] = [:]

    /// Records a value.
    ///
    /// - Returns: the element that had the value before; nil where this is the first, or where there is no value.
    mutating func take(_ value: Value?, of index: Int) -> Int? {
        guard let value else { return nil }
        if let first = indices[value] { return first }
        indices[value] = index
        return nil
    }

    subscript(value: Value) -> Int? { indices[value] }
}
