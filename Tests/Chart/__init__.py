"""Tests of the Helm chart with Helm itself, and of the plain manifests that are rendered from it."""
