"""The gateway as a process that publishes to moto through a proxy with faults, and reads back through a caching CDN."""
