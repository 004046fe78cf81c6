"""The lessons as a web site: read without a kernel, without a network, from shipped results."""
