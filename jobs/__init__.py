"""One spark-submit entry point for each job."""
