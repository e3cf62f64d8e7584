"""Documents: grants as what a store or Kubernetes reads, one module a cloud."""
