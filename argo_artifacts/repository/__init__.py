"""Repository entries and the controller's configuration, in Argo's own words."""
