"""The gateway as a process that reviews Pods over HTTPS, with patches applied by jsonpatch."""
