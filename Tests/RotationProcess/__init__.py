"""The gateway as a process that rotates keys: killed, stopped, without room or place, before verifiers that cache."""
