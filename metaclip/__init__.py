"""Balanced image-text data sets from Common Crawl (MetaCLIP, Xu et al., 2023)."""

__version__ = "0.1.0"
