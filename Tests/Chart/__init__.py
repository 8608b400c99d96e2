"""The Helm chart by the real Helm, and the plain manifests that are made from it."""
