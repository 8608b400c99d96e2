import FoundationEssentials

@testable import AWSPlugin

/// STS' answer with credentials that live an hour from the example's time.
enum SessionResponse {
    static let key = AccessKey(
        id: "ASIASESSION", secret: "session-secret", sessionToken: "session-token",
        expiration: exampleTime.addingTimeInterval(3_600))

    static func text(
        id: String = "ASIASESSION", secret: String = "session-secret", token: String = "session-token",
        expiration: String = "2013-05-24T01:00:00Z"
    ) -> String {
        """
        <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <AssumeRoleWithWebIdentityResult>
            <SubjectFromWebIdentityToken>sts-gateway:publisher:test:one</SubjectFromWebIdentityToken>
            <Audience>sts.amazonaws.com</Audience>
            <AssumedRoleUser>
              <Arn>arn:aws:sts::111111111111:assumed-role/publisher/s</Arn><AssumedRoleId>AROAX:s</AssumedRoleId>
            </AssumedRoleUser>
            <Credentials>
              <SessionToken>\(token)</SessionToken><SecretAccessKey>\(secret)</SecretAccessKey>
              <Expiration>\(expiration)</Expiration><AccessKeyId>\(id)</AccessKeyId>
            </Credentials>
          </AssumeRoleWithWebIdentityResult>
          <ResponseMetadata><RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId></ResponseMetadata>
        </AssumeRoleWithWebIdentityResponse>
        """
    }
}
