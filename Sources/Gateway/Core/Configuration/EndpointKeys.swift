import GatewayPluginAPI
import JOSE
import JSON
import KubernetesAPI

// The keys of one of `sts.endpoints`. Names with underscores, and `azRules`, are OpenUnison's.

struct EndpointKeys: ConfigurationKeys {
    let name = Key("name", .endpointName, isRequired: true, example: "reports", "Unique name.")
    let plugin = Key(
        "plugin", .plugin, example: "oidc", otherwise: "the one that the endpoint's name or audience identifies",
        "Provider plugin, as in `plugins.json`.")
    let preset = Key(
        "preset", .plugin, alternative: "example", otherwise: "none",
        "Preset, as `sts-gateway presets` lists them: defaults, limits, variables and files of a relying party.")
    let audience = Key(
        "audience", .strings, example: "https://reports.example.com",
        otherwise: "the plugin's", "The `aud` of issued tokens.")
    let path = Key(
        "path", .path, example: "/reports", otherwise: "`/<name>`", "Path prefix of the endpoint's routes; unique.")
    let rules = Key(
        "azRules", .list(of: RuleKeys()),
        "Access rules: a request is allowed if any rule matches. Without rules every request is denied.")
    let issuer = Key("issuer", IssuerKeys(), "The issuer URL is `https://<host><path>`.")
    let injector = Key("injector", InjectorKeys(), "What the admission webhook injects for this endpoint.")
    let additionalAttributes = Key(
        "additionalAttributes", .attributes, example: "[groups]",
        "OpenUnison's form of `token.claims`: attributes that become claims of the same name, mappings "
            + "`{target, type, source}` of the types `static`, `user` and `composite`, or a mapping as `token.claims`.")
    let isServedByOpenUnison = Key(
        "host_in_openunison", .boolean, alternative: "true",
        "OpenUnison's key: the documents are always served on `issuer.host`.")
    let subjectToken = Key("subjectToken", SubjectTokenKeys(), "Accepted ServiceAccount tokens.")
    let token = Key("token", TokenKeys(), "Issued tokens.")
    let rotation = Key("rotation", RotationKeys(), "Rotation of signing keys.")
    let publish = Key(
        "publish", PublishKeys(),
        "Publication of the issuer documents, or hand-over of the keys. Other keys are the publishing plugin's.")
    let provision = Key(
        "provision", ProvisionKeys(), "What `sts-gateway provision` makes in addition; `serve` ignores it.")
    let settings = Key("settings", .mapping(), example: "{}", "Settings of the plugin: see its page.")
}

struct RuleKeys: ConfigurationKeys {
    let scope = Key(
        "scope", .string("filter, group or dn") { _ in true }, isRequired: true, example: "filter", "Kind of rule.")
    let constraint = Key(
        "constraint", .string("a constraint, such as (namespace=myns)") { _ in true }, isRequired: true,
        example: #""(&(namespace=billing-*)(!(saname=default)))""#,
        "LDAP filter (RFC 4515), name of a group, or `o=Tremolo`.")
    let mode = Key(
        "mode", .choice(of: AccessRule.Mode.self), default: .enforce,
        "With `audit` the rule decides nothing: the audit log has what the rules with this mode alone would decide.")
}

struct IssuerKeys: ConfigurationKeys {
    let host = Key(
        "host", .host, example: "issuer.example.com",
        otherwise: "required; where nothing is published, `<name>.<cluster>.sts.internal`",
        "Host of the issuer URL. It may be omitted where the keys are handed over, or with `publish: {probe: {enabled: "
            + "false}}` and no publisher.")
    let path = Key("path", .issuerPath, example: "/reports", otherwise: "empty", "Path of the issuer URL.")
    let keysURL = Key(
        "jwksURI", .jwksURI, alternative: "https://sts.internal.example.com:8443/reports/certs",
        otherwise: "the issuer URL with `/certs`",
        "The `jwks_uri` of the discovery document, where verifiers read the keys at another host than the issuer's.")
    let jwksPath = Key(
        "jwksPath", .jwksPath, alternative: "/openid/v1/jwks",
        otherwise: "`/certs`",
        "Path of the key set below the issuer URL, which `jwks_uri` names. The key set stays at `/certs` too. Not with "
            + "`jwksURI`.")
    let keypair = Key(
        "keypair", .secretName, example: "reports-signing",
        otherwise: "the gateway creates its keys", "Secret of type `kubernetes.io/tls` whose key is imported; unique.")
    let cors = Key(
        "cors", .boolean, default: false,
        "Whether pages of any site may read the documents that the gateway serves (`Access-Control-Allow-Origin: *`), for "
            + "verifiers in browsers. For published documents configure the CDN.")
}

struct InjectorKeys: ConfigurationKeys {
    let label = Key(
        "label", .injectorLabel, example: "reports-role",
        otherwise: "the plugin's", "Label and annotation of Pods, without prefix.")
    let tokenVariable = Key(
        "token_environment_variable_name", .variable, example: "REPORTS_TOKEN_FILE",
        otherwise: "the plugin's", "Variable with the path of the token file.")
    let valueVariable = Key(
        "label_value_environment_variable_name", .variable, example: "REPORTS_ROLE",
        otherwise: "the plugin's", "Variable with the annotation's value.")
    let explicitCertificateTrust = Key(
        "explicit_certificate_trust", .boolean, default: false, "OpenUnison's key: trust is always injected.")
    let annotation = Key(
        "annotation", .choice(of: EndpointDefaults.Injector.Annotation.self), example: "required",
        otherwise: "the plugin's",
        "Whether a Pod needs the annotation. With `optional` the label is enough.")
    let variables = Key(
        "variables", .mapping("a mapping of variables to values"), example: #"{REPORTS_USER: "{namespace}-{saname}"}"#,
        "Further variables. Placeholders: `{annotation}`, `{namespace}`, `{saname}`, `{cluster}`, `{endpoint}`, "
            + "`{audience}`, `{issuer}`, `{tokenFile}` and the endpoint's scalar `settings`. A variable whose placeholder "
            + "has no value is omitted.")
    let files = Key(
        "files", .list(of: FileKeys()),
        "Files beside the token file, which the sidecar writes before the containers start.")
}

struct FileKeys: ConfigurationKeys {
    let name = Key(
        "name", .fileName, isRequired: true, example: "reports.json", "Name in the folder of the token file.")
    let contents = Key(
        "contents", .contents, isRequired: true, example: #"'{"user": "{saname}", "token_file": "{tokenFile}"}'"#,
        "Content, with the placeholders of `variables`. Values are escaped for the format.")
    let format = Key(
        "format", .choice(of: FileTemplate.Format.self), example: "json", otherwise: "that of the name's extension",
        "Format. JSON is checked; placeholders of TOML and YAML are in double quotes.")
    let variable = Key(
        "variable", .variable, example: "REPORTS_CONFIGURATION", otherwise: "none", "Variable with the file's path.")
}

struct SubjectTokenKeys: ConfigurationKeys {
    let audiences = Key(
        "audiences", .strings, example: "[sts-gateway.sts.svc]",
        otherwise: "`sts-gateway.<namespace>.svc`, with the gateway's namespace or `default`",
        "Accepted values of `aud`.")
    let acceptsAPIServerAudience = Key(
        "acceptApiServerAudience", .boolean, default: false,
        "Whether tokens for the API server are accepted, as OpenUnison's sidecar sends them. This concerns `/token/user` "
            + "and `/sig-cert`. Whoever receives a Pod's default token can replay it here, hence a warning.")
    let requiresPod = Key("requirePod", .boolean, default: true, "Whether a token must be bound to a Pod.")
}

struct TokenKeys: ConfigurationKeys {
    let timeToLive = Key(
        "ttl", .duration(.seconds(60)...(.hours(24))), usualDefault: .seconds(900), example: "900s",
        otherwise: "the plugin's, usually 900s", "Token lifetime.")
    let hasTokenID = Key(
        "jti", .boolean, usualDefault: true, example: "true", otherwise: "the plugin's, usually true",
        "Whether tokens have a `jti`. Turn it off where the relying party accepts each `jti` only once, since a token is "
            + "used several times.")
    let subject = Key(
        "subject", .subject, default: .standard, "Template of `sub`, with `{cluster}`, `{namespace}` and `{saname}`.")
    let claims = Key(
        "claims", .mapping("a mapping of claim names to values"),
        example: "{environment: production, node: {attribute: node-name}}",
        "Additional claims: a value of any type, or `{attribute: NAME}` with an attribute of `azRules`, also inside of "
            + "objects and arrays. A string may contain `{NAME}`. What has an absent attribute is omitted. Claims that the "
            + "gateway sets itself are not supported.")
    let algorithm = Key(
        "algorithm", .choice(of: SignatureAlgorithm.self), example: "RS256",
        otherwise: "the plugin's first", "Signature algorithm, of those that the plugin supports.")
    let keySize = Key("keySize", .integer(2_048...4_096, multipleOf: 8), default: 2_048, "Size of RSA keys, in bits.")
    let allowsSharedSubject = Key(
        "allowSharedSubject", .boolean, default: false, "Whether `subject` may be the same for several ServiceAccounts."
    )
    let capsToSubject = Key(
        "capToSubject", .boolean, default: false,
        "Whether a token expires no later than the ServiceAccount token that it is issued for.")
}

struct RotationKeys: ConfigurationKeys {
    let every = Key(
        "every", .duration(.hours(1)...(.days(366))), default: .days(30),
        "Age at which a key is replaced; longer than `propagation`.")
    let propagation = Key(
        "propagation", .duration(.seconds(2)...(.days(7))), usualDefault: .hours(2), example: "2h",
        otherwise: "what the relying party needs (the plugin's page); `2h` where that is not known",
        "Time that the relying party has a new key before it signs; for documents, at least twice `maxAge`.")
    let maximumAge = Key(
        "maxAge", .duration(.seconds(1)...(.hours(1))), default: .minutes(5),
        "`Cache-Control: max-age` of the documents, for CDNs and verifiers.")
    let activation = Key(
        "activation", .choice(of: EndpointConfiguration.Rotation.Activation.self), default: .automatic,
        "Whether a key that may sign does so at once, or waits for `sts-gateway keys activate`. After a revocation it "
            + "never waits.")
}

struct PublishKeys: ConfigurationKeys {
    static var isOpen: Bool { true }

    let plugin = Key(
        "plugin", .plugin, alternative: "oidc", otherwise: "the endpoint's", "Plugin that publishes.")
    let probe = Key("probe", ProbeKeys(), "How the public documents are read back.")
}

struct ProbeKeys: ConfigurationKeys {
    let enabled = Key("enabled", .boolean, default: true, "Whether the documents are read back.")
    let connectTo = Key(
        "connectTo", .address(pattern: nil), example: #""203.0.113.7:443""#,
        "Address to connect to instead of the issuer's host, for split DNS and tests.")
    let authorityFile = Key("caFile", .file, example: "tls/ca.pem", "PEM file: trusted CAs instead of the system's.")
    let proxy = Key(
        "proxy", .string("http://HOST:PORT") { ProxyAddress($0) != nil }, example: "http://proxy.example.com:3128",
        isSecret: true, "HTTP proxy instead of `HTTPS_PROXY` and `NO_PROXY`.")
    let interval = Key(
        "interval", .duration(.seconds(10)...(.hours(24))), default: .minutes(5),
        "Interval at which the published documents and the public URL are checked.")
}

extension ConfigurationType where Value == String {
    fileprivate static var endpointName: Self { label(pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$") }

    fileprivate static var plugin: Self {
        string("the id of a plugin", pattern: "^[a-z][a-z0-9-]{0,31}$") { _ in true }
    }

    fileprivate static var host: Self {
        string("a DNS name without scheme, port or path", pattern: #"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"#) {
            Issuer(host: $0, path: "") != nil
        }
    }

    fileprivate static var issuerPath: Self {
        string(
            #"a path such as /dev: "/" before each segment, and in segments letters, digits, ".", "_", "~" and "-""#,
            pattern: "^((/[A-Za-z0-9._~-]+)*)$"
        ) { Issuer(host: "example.com", path: $0) != nil }
    }

    fileprivate static var jwksPath: Self {
        string(
            #"a path such as /openid/v1/jwks: at most 100 characters, "/" before each segment, and in segments letters, "#
                + #"digits, ".", "_", "~" and "-""#,
            pattern: "^(/[A-Za-z0-9._~-]+)+$"
        ) { $0.utf8.count <= 100 && Issuer(host: "example.com", path: "", jwksPath: $0) != nil }
    }

    fileprivate static var jwksURI: Self {
        string(
            "an https URL of at most 512 characters without query and fragment", pattern: "^https://[A-Za-z0-9._~:/-]+$"
        ) { text in
            text.hasPrefix("https://") && (9...512).contains(text.utf8.count)
                && text.dropFirst(8).first.map { $0.isLetter || $0.isNumber } ?? false
                && text.unicodeScalars.allSatisfy {
                    $0.isASCII
                        && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
                            || "._~:/-".unicodeScalars.contains($0))
                }
        }
    }

    fileprivate static var secretName: Self { string("the name of a Secret") { KubernetesName.isSubdomain($0) } }

    /// The name part of a qualified name ("Labels and Selectors", Kubernetes).
    fileprivate static var injectorLabel: Self {
        string(#"a label name without prefix and "/""#) { !$0.contains("/") && KubernetesName.isLabelKey($0) }
    }

    fileprivate static var fileName: Self {
        string(
            #"1 to 63 letters, digits, ".", "_" and "-", not "token""#, pattern: "^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$",
            where: PodInjection.File.isName)
    }

    /// A text of several lines.
    fileprivate static var contents: Self {
        scalar(
            "a text of at most \(PodInjection.File.maximumLength) bytes", schema: .string(pattern: nil),
            json: JSONValue.string
        ) { text in
            let isProper = text.unicodeScalars.allSatisfy { scalar in
                scalar == "\n" || scalar == "\t" || scalar.properties.generalCategory != .control
            }
            return isProper && text.utf8.count <= PodInjection.File.maximumLength ? text : nil
        }
    }

    static var variable: Self {
        string(#"letters, digits and "_", not beginning with a digit"#, pattern: "^[A-Za-z_][A-Za-z0-9_]*$") {
            $0.utf8.first?.isDigit == false && $0.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "_") }
        }
    }
}

extension ConfigurationType where Value == PathPrefix {
    fileprivate static var path: Self {
        scalar(
            #"1 to 4 segments of lowercase letters, digits and "-", such as /dev"#,
            schema: .string(pattern: "^(/[a-z0-9][a-z0-9-]*){1,4}$"), parse: { PathPrefix($0) })
    }
}

extension ConfigurationType where Value == SubjectTemplate {
    fileprivate static var subject: Self {
        let expected = "printable ASCII, at most \(SubjectTemplate.maximumLength) characters"
        return Self(
            description: TypeDescription(expected: expected, schema: .string(pattern: nil)),
            json: { .string($0.description) }
        ) { value in
            guard case .scalar(let text, _, _) = value.node else { return value.invalid(expected: expected) }
            do {
                return try SubjectTemplate(text)
            } catch {
                value.error("invalid value \(value.quoted): \(error)")
                return nil
            }
        }
    }
}
