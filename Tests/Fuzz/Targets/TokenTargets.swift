import GatewayCore
import JOSE
import JSON

extension FuzzTarget {
    static let filter = FuzzTarget("filter") { input in
        let text = String(decoding: input, as: UTF8.self)
        let filter: SearchFilter
        do {
            filter = try SearchFilter(parsing: text)
        } catch {
            return
        }
        let printed = filter.description
        // Escapes may make the canonical form longer than the longest filter.
        guard printed.utf8.count <= SearchFilter.maximumLength else { return }
        guard let again = try? SearchFilter(parsing: printed) else {
            throw FuzzFinding("the printed filter is not a filter: \(printed)")
        }
        try FuzzFinding.unless(again == filter, "the printed filter is another filter: \(printed)")
    }

    static let form = FuzzTarget("form") { input in
        let text = String(decoding: input, as: UTF8.self)
        for contentType in [
            "application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=UTF-8", text,
        ] {
            do {
                let request = try TokenRequestReader.tokenExchange(
                    form: input, contentType: contentType, authorization: [], query: nil)
                try FuzzFinding.unless("\(request.subjectToken)", hides: request.subjectToken.compact.utf8)
                try FuzzFinding.unless((request.lifetime ?? 1) > 0, "a lifetime that is not positive")
            } catch let error as TokenRequestError {
                for secret in longestWords(in: input) { try FuzzFinding.unless("\(error)", hides: secret) }
            }
        }
        do {
            let request = try TokenRequestReader.bearer(authorization: [text], query: nil)
            try FuzzFinding.unless(
                text.hasSuffix(request.subjectToken.compact), "the token is not that of the header")
        } catch let error as TokenRequestError {
            for secret in longestWords(in: input) { try FuzzFinding.unless("\(error)", hides: secret) }
        }
    }

    /// The words of at least 40 characters that a token consists of. Shorter ones may be a name that an error quotes.
    private static func longestWords(in input: [UInt8]) -> [ArraySlice<UInt8>] {
        input.split { byte in
            !"-_".utf8.contains(byte) && !Character(UnicodeScalar(byte)).isLetter
                && !Character(UnicodeScalar(byte)).isNumber
        }
        .filter { $0.count >= 40 }
    }

    static let json = FuzzTarget("json") { input in
        guard let value = try? JSONValue(parsing: input) else { return }
        guard let again = try? JSONValue(parsing: value.utf8Text) else {
            throw FuzzFinding("the printed value is not JSON: \(value.text)")
        }
        try FuzzFinding.unless(again == value, "the printed value is another value: \(value.text)")
        guard let list = try? JSONValue.values(parsing: input), list == [value] else {
            throw FuzzFinding("a value that is no list of one value")
        }
    }

    static let token = FuzzTarget("token") { input in
        let text = String(decoding: input, as: UTF8.self)
        do {
            let token = try SubjectToken(parsing: text)
            try FuzzFinding.unless(token.compact == text, "the token is not the input")
            try FuzzFinding.unless("\(token)", hides: input)
            try FuzzFinding.unless(String(reflecting: token), hides: input)
            let again = try SignedJWT(parsing: token.compact).claims()
            try FuzzFinding.unless(again == token.claims, "a second reading has other claims")
        } catch let error as TokenExchangeError {
            for secret in longestWords(in: input) { try FuzzFinding.unless("\(error)", hides: secret) }
        }
    }

    static let keySet = FuzzTarget("key-set") { input in
        guard let set = try? JSONWebKeySet(parsing: input) else { return }
        guard let again = try? JSONWebKeySet(parsing: set.json.utf8Text) else {
            throw FuzzFinding("the printed key set is not a key set")
        }
        try FuzzFinding.unless(again == set, "the printed key set is another one")
    }
}
