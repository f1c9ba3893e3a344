"""Locate the Spark that plain Python starts, and its folder of configuration files."""

from __future__ import annotations

import os
from pathlib import Path

import pyspark

PYSPARK_HOME = Path(pyspark.__file__).parent
"""The Spark that the environment brings."""
LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")
CLASS_ARCHIVE = PYSPARK_HOME / "metaclip-classes.jsa"
"""The classes of Java that `metaclip setup` archived; Java reads no archive of other jars."""


def spark_home() -> Path:
    """Return the folder with Spark's `bin` and `jars`."""
    return Path(os.environ.get("SPARK_HOME") or PYSPARK_HOME)


def conf_folder() -> Path:
    """Return the folder with `spark-env.sh`, `spark-defaults.conf` and `log4j2.properties`."""
    return Path(os.environ.get("SPARK_CONF_DIR") or spark_home() / "conf")
