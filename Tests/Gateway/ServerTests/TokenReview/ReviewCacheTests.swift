import FoundationEssentials
import GatewayCore
import Testing

@testable import GatewayServer

@Suite("The cache of reviews")
struct ReviewCacheTests {
    @Test("Reviews whose lifetime has ended are dropped without further calls, and others are not")
    func dropExpired() {
        let start = Date(timeIntervalSince1970: 1_700_000_000)
        let key = ReviewKey(token: "a.b.c", reviewer: "r", audiences: nil)
        var cache = ReviewCache(limits: TokenReviewLimits())
        cache.insert(.unauthenticated(.expired), for: key, requested: start, expiration: nil)
        let late = ReviewKey(token: "d.e.f", reviewer: "r", audiences: nil)
        let user = UserInfo(username: "u", uid: nil, groups: [], extra: [:], audiences: [])
        cache.insert(.authenticated(user), for: late, requested: start + 4, expiration: nil)
        cache.dropExpired(at: start + 5)
        #expect(cache.review(for: late, at: start + 8) == .authenticated(user))
        cache.dropExpired(at: start + 35)
        cache.dropExpired(at: start + 65)
        #expect(cache.count == 0)
    }
}
