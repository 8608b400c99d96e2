import Testing

@testable import GatewayServer

@Suite("The budget of bodies in flight")
struct BodyBudgetTests {
    @Test("A listener has three quarters, all of them together have the whole, and what is given back is free")
    func shares() {
        let whole = BodyBudget(bytes: 100)
        let (tokens, webhook) = (whole.share(), whole.share())
        #expect(tokens.take(75))
        #expect(!tokens.take(1))
        #expect(webhook.take(25), "no listener takes everything from the others")
        #expect(!webhook.take(1))
        #expect(webhook.usedBytes == 25, "what was not taken is not counted")
        tokens.give(back: 75)
        #expect(webhook.take(50))
        #expect(whole.usedBytes == 75)
    }
}
