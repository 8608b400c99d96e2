/// Suggests a known word for a misspelled one.
enum SpellingSuggestion {
    /// - Returns: the nearest of the words; nil where none is near.
    static func nearest(to word: String, among words: [String]) -> String? {
        let folded = fold(word)
        // A name in the file may be long; no key is.
        guard folded.count <= 64 else { return nil }
        let ranked = words.map { (word: $0, distance: distance(folded, fold($0))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }),
            best.distance <= max(1, folded.count / 3), best.distance < fold(best.word).count
        else { return nil }
        return best.word
    }

    /// Whether two different texts differ in at most two characters.
    static func isNear(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count <= 512, abs(left.utf8.count - right.utf8.count) <= 2 else { return false }
        let distance = distance(Array(left.utf8), Array(right.utf8))
        return (1...2).contains(distance)
    }

    /// The word without case and separators, which are the most frequent mistakes.
    private static func fold(_ word: String) -> [UInt8] {
        word.lowercased().utf8.filter { !"_-. ".utf8.contains($0) }
    }

    /// Insertions, deletions, replacements, and swaps of neighbours (optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var rows = [Array(0...right.count)]
        for row in 1...left.count {
            var current = [row]
            for column in 1...right.count {
                let isSame = left[row - 1] == right[column - 1]
                var cost = min(rows[row - 1][column] + 1, current[column - 1] + 1)
                cost = min(cost, rows[row - 1][column - 1] + (isSame ? 0 : 1))
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    cost = min(cost, rows[row - 2][column - 2] + 1)
                }
                current.append(cost)
            }
            rows.append(current)
        }
        return rows[left.count][right.count]
    }
}
