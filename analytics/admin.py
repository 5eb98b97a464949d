"""The screens of analytics; each module registers its own."""

from analytics import segments_admin  # noqa: F401
