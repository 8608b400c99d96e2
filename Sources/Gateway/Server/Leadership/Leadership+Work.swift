extension Leadership {
    /// Does the work whenever this replica leads: it is cancelled when that ends, and begun anew with the next time.
    /// Returns once cancelled.
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
