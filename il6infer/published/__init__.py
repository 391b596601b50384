"""Published measurements by name: what there is, its licence, and how a file is known to be the right one."""

from il6infer.published.fetch import fetch
from il6infer.published.registry import PublishedSet, licence_of, published_set, published_sets

__all__ = ["PublishedSet", "fetch", "licence_of", "published_set", "published_sets"]
