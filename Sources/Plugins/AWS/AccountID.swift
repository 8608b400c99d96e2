/// The ID of an AWS account.
enum AccountID {
    /// Whether the text has twelve digits.
    static func isValid(_ text: String) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
    }
}
