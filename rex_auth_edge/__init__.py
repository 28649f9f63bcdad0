"""rex-auth-edge: a household's own identity provider, running on the robot's hub."""

__version__ = "0.1.0"
