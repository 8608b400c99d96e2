"""The gateway as a process that reviews Pods: real HTTPS, and patches applied by an implementation not ours."""
