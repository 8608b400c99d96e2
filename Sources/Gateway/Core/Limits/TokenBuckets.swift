/// Token buckets by key, limited in number. A full bucket need not be stored.
///
/// Where all places are taken, the keys that are not stored share one bucket. So a new key never makes another one's
/// bucket full, and a sweep takes place at most once a second.
struct TokenBuckets<Key: Hashable & Sendable>: Sendable {
    /// Where a key has its bucket, until the next change of the buckets.
    enum Place {
        case stored(Dictionary<Key, TokenBucket>.Index)
        /// The first call of the key stores one.
        case new(Key)
        case shared
    }

    /// Seconds between two sweeps of full buckets.
    private static var sweepInterval: Double { 1 }

    let limit: RateLimit
    private let capacity: Int
    private var buckets: [Key: TokenBucket] = [:]
    private var shared = TokenBucket()
    private var swept = -Double.infinity

    /// - Parameter capacity: the maximum number of stored buckets.
    init(_ limit: RateLimit, capacity: Int) {
        self.limit = limit
        self.capacity = max(0, capacity)
    }

    /// The number of stored buckets.
    var count: Int { buckets.count }

    /// Finds the bucket of a key.
    ///
    /// - Parameter now: monotonic seconds.
    mutating func place(of key: Key, at now: Double) -> Place {
        if let index = buckets.index(forKey: key) { return .stored(index) }
        if buckets.count >= capacity, now - swept >= Self.sweepInterval {
            swept = now
            buckets = buckets.filter { !$0.value.isFull(at: now) }
        }
        return buckets.count < capacity ? .new(key) : .shared
    }

    /// Seconds until the bucket has a call; 0 where it has one.
    func wait(_ place: Place, at now: Double) -> Double {
        switch place {
        case .stored(let index): buckets.values[index].wait(limit, at: now)
        case .new: TokenBucket().wait(limit, at: now)
        case .shared: shared.wait(limit, at: now)
        }
    }

    /// Takes a call from the bucket.
    mutating func spend(_ place: Place, at now: Double) {
        switch place {
        case .stored(let index): buckets.values[index].spend(limit, at: now)
        case .new(let key):
            var bucket = TokenBucket()
            bucket.spend(limit, at: now)
            buckets[key] = bucket
        case .shared: shared.spend(limit, at: now)
        }
    }
}
