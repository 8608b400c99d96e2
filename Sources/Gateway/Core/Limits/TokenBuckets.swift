/// Token buckets by key, limited in number. A bucket is stored as the time at which it is full again; a full bucket is
/// not stored.
///
/// Where all places are taken, the keys that are not stored share one bucket. So a new key never makes another one's
/// bucket full, and a sweep takes place at most once a second.
struct TokenBuckets<Key: Hashable & Sendable>: Sendable {
    /// Seconds between two sweeps of full buckets.
    private static var sweepInterval: Double { 1 }
    /// The rounding of sums of intervals, in seconds.
    private static var tolerance: Double { 1e-9 }

    let limit: RateLimit
    private let capacity: Int
    private var fullAt: [Key: Double] = [:]
    private var fullAtOfOthers = -Double.infinity
    private var swept = -Double.infinity

    /// - Parameter capacity: the maximum number of stored buckets.
    init(_ limit: RateLimit, capacity: Int) {
        self.limit = limit
        self.capacity = max(0, capacity)
    }

    /// The number of stored buckets.
    var count: Int { fullAt.count }

    /// Seconds until the key has a call; 0 where it has one.
    ///
    /// - Parameter now: monotonic seconds.
    func wait(_ key: Key, at now: Double) -> Double {
        let isOther = fullAt.count >= capacity
        let full = max(fullAt[key] ?? (isOther ? fullAtOfOthers : now), now)
        let wait = full + limit.interval - now - limit.fillTime
        return wait > Self.tolerance ? wait : 0
    }

    /// Takes a call from the key's bucket. An empty bucket stays empty.
    mutating func spend(_ key: Key, at now: Double) {
        if fullAt.count >= capacity, fullAt[key] == nil, now - swept >= Self.sweepInterval {
            swept = now
            fullAt = fullAt.filter { $0.value > now }
        }
        func spent(_ full: Double) -> Double { min(max(full, now) + limit.interval, now + limit.fillTime) }
        if let full = fullAt[key] {
            fullAt[key] = spent(full)
        } else if fullAt.count < capacity {
            fullAt[key] = spent(now)
        } else {
            fullAtOfOthers = spent(fullAtOfOthers)
        }
    }
}
