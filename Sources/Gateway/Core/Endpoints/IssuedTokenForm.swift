/// Properties of every issued token.
package enum IssuedTokenForm {
    /// The minimum token lifetime, in seconds.
    package static let minimumLifetime = 60
}
