import Testing

@testable import AWSPlugin

@Suite("A shared credentials or config file")
struct ProfileFileTests {
    @Test("has sections of keys and values")
    func credentials() {
        let file = ProfileFile(
            """
            # a comment
            ; another
            [default]
            aws_access_key_id = AKIDDEFAULT
            aws_secret_access_key=a=b/c+d

            [ one ]  # of the team
            AWS_ACCESS_KEY_ID\t=\tAKIDONE   # mine
            aws_secret_access_key = s#1;2 ; not a part
            region =
            """, prefixed: false)
        #expect(file["default"] == ["aws_access_key_id": "AKIDDEFAULT", "aws_secret_access_key": "a=b/c+d"])
        #expect(file["one"] == ["aws_access_key_id": "AKIDONE", "aws_secret_access_key": "s#1;2", "region": ""])
        #expect(file["two"] == nil)
    }

    @Test("has the prefix \"profile\" in the config file, except for default")
    func config() {
        let file = ProfileFile(
            """
            [default]
            region = a-b-1
            [profile one]
            region = c-d-1
            [two]
            region = e-f-1
            [sso-session one]
            region = g-h-1
            """, prefixed: true)
        #expect(file["default"] == ["region": "a-b-1"])
        #expect(file["one"] == ["region": "c-d-1"])
        #expect(file["two"] == nil)
    }

    @Test("may have CRLF line ends")
    func lineEnds() {
        let file = ProfileFile("[one]\r\naws_access_key_id = A\r\naws_secret_access_key = B\r\n", prefixed: false)
        #expect(file["one"] == ["aws_access_key_id": "A", "aws_secret_access_key": "B"])
    }

    @Test("has nested values, lines outside sections and lines without \"=\", which are ignored")
    func nested() {
        let file = ProfileFile(
            "lost = 1\n[one]\ns3 =\n  addressing_style = path\n\tregion = x\nnothing\nregion = y\n[]\nlost = 2\n",
            prefixed: false)
        #expect(file["one"] == ["s3": "", "region": "y"])
    }

    @Test("is empty for other text", arguments: ["", "\n\n", "[", "{\"a\": 1}", "=\n=", "[one", "\0\0"])
    func other(text: String) {
        #expect(ProfileFile(text, prefixed: false)["one"] == nil)
    }
}
