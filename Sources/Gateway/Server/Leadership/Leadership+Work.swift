extension Leadership {
    /// Runs the work whenever this replica is the leader. The work is cancelled when the leadership ends, and started
    /// again with the next leadership. Returns when cancelled.
    func whileLeading(_ work: @escaping @Sendable () async -> Void) async {
        var changes = changes().makeAsyncIterator()
        while let isLeading = await changes.next() {
            guard isLeading else { continue }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await work() }
                while let stays = await changes.next(), stays {}
                group.cancelAll()
            }
        }
    }
}
