/// The JSON Schema (2020-12) of `gateway.yaml`.
public enum ConfigurationSchema {
    public static let text = ""
}
