import GatewayPluginAPI

/// The plugins of the executable. ArgumentParser creates the commands itself, so the list reaches them as a task-local
/// value, which is set for the time of one command.
enum LinkedPlugins {
    @TaskLocal static var all: [any ProviderPlugin.Type] = []
}
