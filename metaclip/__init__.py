"""Balanced image-text data sets from Common Crawl.

Source: Xu et al. 2023, Demystifying CLIP Data.
"""

__version__ = "0.1.0"
