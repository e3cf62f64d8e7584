"""The Kubernetes side of tenants and of the installation."""
