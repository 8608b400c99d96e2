import GatewayPluginAPI

/// The keys `region` and `partition` of a block of the configuration. The partition decides about host names and ARNs, so
/// it is never guessed.
struct RegionSetting {
    let region: Region?
    /// That of the region, or the configured one; nil where neither is configured.
    let partition: Partition?

    /// - Parameters:
    ///   - block: the path of the block, such as `settings`.
    ///   - errors: gets what is wrong.
    init(region text: String?, partition name: String?, block: String, errors: inout [SettingsError]) {
        let configured = name.flatMap(Partition.init(rawValue:))
        if let name, configured == nil {
            errors.append(
                SettingsError(
                    "\(block).partition", "invalid partition \(Quotation.of(name)); expected one of \(Partition.names)")
            )
        }
        let region = text.flatMap { Region($0, in: configured) }
        self.region = region
        partition = region?.partition ?? configured
        guard let text, region == nil else { return }
        guard Region.isWellFormed(text) else {
            errors.append(
                SettingsError(
                    "\(block).region", "invalid region \(Quotation.of(text)); expected a name such as eu-central-1"))
            return
        }
        if let actual = Region(text)?.partition, let configured {
            errors.append(
                SettingsError(
                    "\(block).region",
                    "invalid region \(Quotation.of(text)): it is in the partition \(actual.rawValue), not in "
                        + "\(configured.rawValue); correct \(block).region or \(block).partition"))
        } else if name == nil {
            errors.append(
                SettingsError(
                    "\(block).region",
                    "unknown region \(Quotation.of(text)); correct it, or set \(block).partition to the region's "
                        + "partition, one of \(Partition.names)"))
        }
    }
}
