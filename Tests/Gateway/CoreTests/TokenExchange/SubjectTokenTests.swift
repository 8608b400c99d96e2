import GatewayCore
import JOSE
import Testing

@Suite("A subject token")
struct SubjectTokenTests {
    @Test(
        "with a time that cannot be represented is malformed",
        arguments: ["1e19", "9223372036854775808", "null"])
    func unrepresentableTime(time: String) {
        let header = Base64URL.encode(Array(#"{"alg":"RS256"}"#.utf8))
        let payload = Base64URL.encode(Array(#"{"exp":\#(time)}"#.utf8))
        #expect(throws: TokenExchangeError.invalidSubjectToken(.malformed)) {
            try SubjectToken(parsing: "\(header).\(payload).AA")
        }
    }
}
