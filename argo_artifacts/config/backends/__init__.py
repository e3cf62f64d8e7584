"""The backends of Argo's page, one module each; the names are Argo's."""
