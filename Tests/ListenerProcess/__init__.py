"""The listeners of the gateway as a process: peers that are silent, too many, or no HTTP clients at all."""
