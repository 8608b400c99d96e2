"""The gateway as a process that publishes: to moto by a proxy that fails on demand, read back through an edge."""
