"""Compare the hosted image models flux-2-flex and flux-2-pro on your own prompts."""

__version__ = "0.1.0"
