"""The gateway as a process that rotates keys: killed, stopped, with a full disk, with verifiers that cache."""
